// SPDX-License-Identifier: Apache-2.0
// Pictures against the reference images. What is compared is the mean colour of blocks of 16 x 16
// pixels: layout, colours and where text is; not how a machine smooths its letters.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';

const folder = fileURLToPath(new URL('./reference/', import.meta.url));
const BLOCK = 16;
const FAR = 40; /* of 255: a block that differs */
const SHARE = 0.03; /* of the blocks that may */

function blocks(png) {
  const across = Math.ceil(png.width / BLOCK);
  const sums = new Float64Array(across * Math.ceil(png.height / BLOCK) * 4);
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const to = ((y / BLOCK | 0) * across + (x / BLOCK | 0)) * 4;
      for (let c = 0; c < 3; c++) sums[to + c] += png.data[(y * png.width + x) * 4 + c];
      sums[to + 3]++;
    }
  }
  return sums;
}

/** Whether a block lies in one of the boxes [left, top, right, bottom]. */
const covered = (x, y, boxes) => boxes.some(([left, top, right, bottom]) =>
  x * BLOCK < right && (x + 1) * BLOCK > left && y * BLOCK < bottom && (y + 1) * BLOCK > top);

/** The share of blocks that differ, of those outside of the boxes; 1 for pictures of different size. */
export function difference(one, other, boxes = []) {
  const [a, b] = [PNG.sync.read(one), PNG.sync.read(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  const [p, q] = [blocks(a), blocks(b)];
  const across = Math.ceil(a.width / BLOCK);
  let [far, all] = [0, 0];
  for (let i = 0; i < p.length; i += 4) {
    if (covered((i / 4) % across, Math.floor(i / 4 / across), boxes)) continue;
    all++;
    const apart = [0, 1, 2].map((c) => Math.abs(p[i + c] / p[i + 3] - q[i + c] / q[i + 3]));
    far += Math.max(...apart) > FAR ? 1 : 0;
  }
  return far / Math.max(all, 1);
}

/** Throws when the picture is another than the reference, outside of what moves. */
export function compare(name, picture, moving, { update, screens }) {
  const file = `${folder}${name}.png`;
  writeFileSync(`${screens}/${name}.png`, picture);
  if (update) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, picture);
    return;
  }
  if (!existsSync(file)) throw new Error(`there is no reference/${name}.png: run with --update`);
  const share = difference(picture, readFileSync(file), moving);
  if (share > SHARE) {
    throw new Error(`${(100 * share).toFixed(1)} % of ${name}.png differ: see ${screens}/${name}.png`);
  }
}
