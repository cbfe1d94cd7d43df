// The live connection of a page: it subscribes to all channels, resumes after a cut
// and reports what happened. Times in milliseconds.
const firstRetry = 500;
const lastRetry = 15_000;
const silence = 45_000; // without a frame: the connection is dead
const activePause = 60_000;

export interface Frame {
  op: string;
  type?: string;
  channelId?: string;
  sequence?: number;
  code?: string;
  data?: Record<string, unknown>;
}

export class Connection {
  private socket: WebSocket | undefined;
  private retry = firstRetry;
  private timer: number | undefined;
  private watch: number | undefined;
  private lastActive = 0;
  private closed = false;

  constructor(
    private readonly community: string,
    private position: number,
    private readonly onFrame: (frame: Frame) => void,
    private readonly onState: (online: boolean) => void,
  ) {
    this.connect();
    window.addEventListener("online", () => this.reconnect());
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    for (const kind of ["keydown", "pointerdown", "focus"]) window.addEventListener(kind, () => this.active(), { passive: true });
  }

  send(frame: Record<string, unknown>): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.socket?.close();
  }

  private connect(): void {
    if (this.closed) return;
    const address = new URL(`/v1/realtime?communityId=${this.community}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, "regulars.v1");
    this.socket = socket;
    this.expect();
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.receive(JSON.parse(String(event.data)) as Frame);
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.socket) this.lost(event.code);
    });
  }

  private receive(frame: Frame): void {
    this.expect();
    if (frame.op === "hello") {
      this.retry = firstRetry;
      this.send({ op: "subscribe", channels: ["*"], ref: "all" });
      this.send({ op: "resume", after: this.position });
      this.onState(true);
    }
    if (frame.op === "gap") {
      location.reload();
      return;
    }
    if ((frame.op === "event" || frame.op === "mark") && frame.sequence !== undefined) this.position = Math.max(this.position, frame.sequence);
    this.onFrame(frame);
  }

  // A session that ended or a lost membership needs the page of the server.
  private lost(code: number): void {
    clearTimeout(this.watch);
    this.onState(false);
    if (this.closed) return;
    if (code === 4003 || code === 4009 || code === 4001) {
      location.reload();
      return;
    }
    const pause = code === 1012 ? Math.random() * 5_000 : this.retry * (0.5 + Math.random());
    this.retry = Math.min(this.retry * 2, lastRetry);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.connect(), pause);
  }

  private reconnect(): void {
    if (this.socket?.readyState === WebSocket.OPEN || this.closed) return;
    clearTimeout(this.timer);
    this.retry = firstRetry;
    this.connect();
  }

  // expect closes a silent connection.
  private expect(): void {
    clearTimeout(this.watch);
    this.watch = window.setTimeout(() => {
      const dead = this.socket;
      this.socket = undefined;
      dead?.close();
      this.lost(1006);
    }, silence);
  }

  private active(): void {
    const now = Date.now();
    if (now - this.lastActive >= activePause && this.send({ op: "active" })) this.lastActive = now;
  }
}
