// The line to the server: one WebSocket, opened anew when it was lost; ranges speak at most 15 times a second.

const BETWEEN_MS = 66;
const LONGEST_WAIT_MS = 8000;

export class Line {
  constructor(name, { frame, answer, state }) {
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/train/${name}`;
    Object.assign(this, { frame, answer, state });
    this.wait = 500;
    this.latest = new Map(); // what is still to be said, by what it is about
    this.timer = 0;
    this.open();
  }

  open() {
    this.state("opening");
    this.socket = new WebSocket(this.address);
    this.socket.addEventListener("open", () => {
      this.wait = 500;
      this.state("open");
    });
    this.socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "frame") this.frame(message);
      else this.answer(message);
    });
    this.socket.addEventListener("close", (event) => {
      this.state("lost", event.reason);
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
    });
  }

  say(message) {
    this.flush();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  // For ranges being dragged: only the last value of a moment is sent.
  sayLatest(message) {
    this.latest.set(`${message.do} ${message.name ?? ""}`, message);
    if (!this.timer) this.timer = setTimeout(() => this.flush(), BETWEEN_MS);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    const messages = [...this.latest.values()];
    this.latest.clear();
    for (const message of messages) {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }
  }
}
