// SPDX-License-Identifier: Apache-2.0
// A wire between browser and server that is listened to, and that can be cut: a TCP proxy.
import net from 'node:net';

export class Wire {
  constructor(port) {
    this.port = port;
    this.links = [];
    this.isCut = false;
    this.open = new Set();
  }

  /** Listens on a port of its own; that port. */
  async listen() {
    this.server = net.createServer((near) => this.join(near));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.near = this.server.address().port;
    this.url = `http://127.0.0.1:${this.near}`;
    return this.near;
  }

  join(near) {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const link = { up: [], down: [] };
    this.links.push(link);
    const far = net.connect({ port: this.port, host: '127.0.0.1' });
    for (const [from, to, kept] of [[near, far, link.up], [far, near, link.down]]) {
      this.open.add(from);
      from.on('data', (data) => {
        kept.push(data);
        to.write(data);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.open.delete(from);
        to.destroy();
      });
    }
  }

  cut() {
    this.isCut = true;
    for (const socket of this.open) socket.destroy();
  }

  mend() {
    this.isCut = false;
  }

  /** How much was heard so far; for since(). */
  mark() {
    return this.links.map(({ up, down }) => [up.length, down.length]);
  }

  /** All that was heard since a mark: one buffer a direction of a connection. */
  since(mark = []) {
    return this.links.flatMap(({ up, down }, i) => {
      const [a, b] = mark[i] ?? [0, 0];
      return [Buffer.concat(up.slice(a)), Buffer.concat(down.slice(b))];
    }).filter((bytes) => bytes.length > 0);
  }

  end() {
    this.cut();
    return new Promise((resolve) => this.server?.close(resolve) ?? resolve());
  }
}
