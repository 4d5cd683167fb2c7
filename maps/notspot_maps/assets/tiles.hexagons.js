/* H3 cells of tiles: drawn as what they are, small ones pixel by pixel and large ones with outlines, and found again. */

const OUTLINED_PX = 12; // hexagons of this width have an outline
const LEAST_PX = 3; // smaller ones are drawn as squares of this side

/* The hexagons of a tile: those of other tiles that reach into it, and its own. */
function hexagonParts(data) {
  return [data.beside, data].filter((part) => part && part.count);
}

/* The resolution of each H3 cell: the second digit of its name. */
function levelsOf(part) {
  if (!part.levels) {
    const { texts, which } = part.columns.h3, level = texts.map((text) => (typeof text === "string" ? parseInt(text[1], 16) : -1));
    part.levels = Int8Array.from(which, (at) => level[at]);
  }
  return part.levels;
}

/* How far a place is from a ring of corners (x and y in turn); 0 within it. */
function awayFrom(corners, start, end, x, y) {
  let inside = false, least = Infinity;
  for (let c = start, before = end - 2; c < end; before = c, c += 2) {
    const ax = corners[before], ay = corners[before + 1], dx = corners[c] - ax, dy = corners[c + 1] - ay;
    if (ay > y !== corners[c + 1] > y && x < ax + (dx * (y - ay)) / dy) inside = !inside;
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    least = Math.min(least, Math.hypot(ax + along * dx - x, ay + along * dy - y));
  }
  return inside ? 0 : least;
}

/*
 * The hexagons of a tile, as its layer shows them: pixel = position * k - (left, top), in pixels of the canvas.
 * A tile draws all that touches it, and nothing beyond its edge, so that no seam is seen.
 */
class HexagonTile {
  constructor(layer, coords, data, ratio) {
    const { k, left, top } = layer._frame(coords, data);
    this.layer = layer;
    this.data = data;
    this.ratio = ratio;
    this.width = layer.info.hexagons.width * 2 ** Math.max(0, coords.z - 1 - layer.info.points_zoom); // of the usual one
    this.pattern = this.width < 8 ? 4 : 8; // side in pixels; it goes on from tile to tile, as it divides 512
    [this.k, this.left, this.top, this.side] = [k, left, top, TILE].map((each) => each * ratio);
  }

  draw(ctx) {
    if (this.width < OUTLINED_PX) this.drawPixels(ctx);
    else this.drawShapes(ctx);
  }

  /* Small ones upon large ones, and those not covered upon others at the same place. */
  *groups() {
    const levels = Object.keys(this.layer.info.hexagons.resolutions).map(Number).sort((a, b) => a - b);
    for (const level of levels) for (const status of [YES, UNSURE, NO]) if (this.layer.shown[status]) yield [level, status];
  }

  /* Those of a resolution and a status in view: (ring of pixels, from, to, its west, north, east, south). */
  each(level, wanted, visit) {
    const { k, left, top, side } = this, least = LEAST_PX * this.ratio, ring = new Float64Array(64);
    for (const part of hexagonParts(this.data)) {
      const { corners, starts, box } = part.rings, status = this.layer._status(part), levels = levelsOf(part);
      for (let i = 0; i < part.count; i++) {
        if (status[i] !== wanted || levels[i] !== level) continue;
        let west = box[4 * i] * k - left, north = box[4 * i + 1] * k - top, east = box[4 * i + 2] * k - left, south = box[4 * i + 3] * k - top, size = 0;
        if (east < -least || south < -least || west > side + least || north > side + least) continue;
        if (east - west < least) {
          [west, east, north, south] = [(west + east - least) / 2, (west + east + least) / 2, (north + south - least) / 2, (north + south + least) / 2];
          ring.set([west, north, east, north, east, south, west, south]);
          size = 8;
        } else {
          for (let c = starts[i]; c < starts[i + 1]; c += 2) {
            ring[size++] = corners[c] * k - left;
            ring[size++] = corners[c + 1] * k - top;
          }
        }
        visit(ring, size, north, south);
      }
    }
  }

  /* Thousands are set faster row by row than as one shape; a pixel is of the hexagon that its middle is in. */
  drawPixels(ctx) {
    const side = Math.round(this.side), image = ctx.createImageData(side, side), out = new Uint32Array(image.data.buffer);
    for (const [level, status] of this.groups()) {
      const { pixels, size } = this.paint(status);
      this.each(level, status, (ring, length, north, south) => {
        for (let y = Math.max(0, Math.ceil(north - 0.5)); y < Math.min(side, south - 0.5); y++) {
          let west = Infinity, east = -Infinity;
          for (let c = 0, before = length - 2; c < length; before = c, c += 2) {
            const ay = ring[before + 1], by = ring[c + 1];
            if (ay > y + 0.5 === by > y + 0.5) continue;
            const x = ring[before] + ((ring[c] - ring[before]) * (y + 0.5 - ay)) / (by - ay);
            if (x < west) west = x;
            if (x > east) east = x;
          }
          const row = (y % size) * size;
          for (let x = Math.max(0, Math.ceil(west - 0.5)); x < Math.min(side, east - 0.5); x++) out[y * side + x] = pixels[row + (x % size)];
        }
      });
    }
    ctx.putImageData(image, MARGIN * this.ratio, MARGIN * this.ratio);
  }

  /* The pixels that a status is filled with, again and again. */
  paint(status) {
    const size = Math.round(this.pattern * this.ratio), canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    canvas.width = canvas.height = size;
    pen.rect(0, 0, size, size);
    STYLE.hexagon(pen, status, this.pattern, this.ratio, false);
    return { size, pixels: new Uint32Array(pen.getImageData(0, 0, size, size).data.buffer) };
  }

  drawShapes(ctx) {
    ctx.beginPath();
    ctx.rect(0, 0, this.side, this.side);
    ctx.clip();
    for (const [level, status] of this.groups()) {
      let some = false;
      ctx.beginPath();
      this.each(level, status, (ring, length) => {
        some = true;
        ctx.moveTo(ring[0], ring[1]);
        for (let c = 2; c < length; c += 2) ctx.lineTo(ring[c], ring[c + 1]);
        ctx.closePath();
      });
      if (some) STYLE.hexagon(ctx, status, this.pattern, this.ratio, true);
    }
  }

  /* Those at a pixel of the tile, or the nearest within so many: {distance, all: [{data, index}]}; one that holds it is nearer than any that does not, the smaller the nearer. */
  nearest(px, py, within) {
    const x = (px * this.ratio + this.left) / this.k, y = (py * this.ratio + this.top) / this.k, far = (within * this.ratio) / this.k;
    const found = [];
    for (const data of hexagonParts(this.data)) {
      const { corners, starts, box } = data.rings, status = this.layer._status(data), levels = levelsOf(data);
      for (let index = 0; index < data.count; index++) {
        const b = 4 * index;
        if (box[b] > x + far || box[b + 1] > y + far || box[b + 2] < x - far || box[b + 3] < y - far || !this.layer.shown[status[index]]) continue;
        const away = awayFrom(corners, starts[index], starts[index + 1], x, y);
        if (away <= far) found.push({ data, index, distance: away > 0 ? (away * this.k) / this.ratio : -1 - levels[index] });
      }
    }
    if (!found.length) return null;
    found.sort((a, b) => a.distance - b.distance);
    const { distance } = found[0];
    return { distance, all: found.filter((each) => (distance < 0 ? each.distance < 0 : each.distance === distance)) };
  }
}
