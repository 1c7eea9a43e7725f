"""What the regulator of one country asks for."""
import time

if __name__ == "__main__":
    while True:
        print("us-reporting: nothing to do", flush=True)
        time.sleep(60)
