/* What people see of the shop. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char body[] = "storefront\n";

int main(void) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(8080)};
  int yes = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listening, (struct sockaddr *)&here, sizeof here) != 0 || listen(listening, 64) != 0) {
    perror("storefront: port 8080");
    return 1;
  }
  for (;;) {
    char request[4096];
    int caller = accept(listening, NULL, NULL);
    if (caller < 0) continue;
    if (read(caller, request, sizeof request) > 0)
      dprintf(caller, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body), body);
    close(caller);
  }
}
