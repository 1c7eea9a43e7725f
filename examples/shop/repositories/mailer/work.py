"""Sends what orders leave in the queue."""
import time

if __name__ == "__main__":
    while True:
        print("mailer: nothing to do", flush=True)
        time.sleep(60)
