"""Account statements on the first of the month."""

if __name__ == "__main__":
    print("statements: done", flush=True)
