/* PMTiles version 3 by ranges of bytes, and the points and polygons of Mapbox Vector Tiles. */

const HEAD_BYTES = 16384; // the header and the root directory lie within them
const WHOLE_BYTES = 64 * 2 ** 20; // a file up to this size may be taken whole where a server knows no ranges

const HEXAGONS = "hexagons", BESIDE = "hexagons_beside"; // layers: those that a tile owns, and others that reach into it

class ArchiveError extends Error {
  constructor(kind, detail = "") {
    super(kind + (detail ? ": " + detail : ""));
    this.kind = kind;
  }
}

/* A file on a server that answers to ranges. */
class UrlSource {
  constructor(url) {
    this.url = url;
    this.requests = 0;
    this.bytes = 0;
  }

  async range(start, length, signal) {
    if (this.whole) return this.whole.range(start, length);
    let answer;
    try {
      answer = await fetch(this.url, { headers: { Range: `bytes=${start}-${start + length - 1}` }, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ArchiveError(location.protocol === "file:" ? "disk" : "network", error.message);
    }
    this.requests++;
    if (answer.status === 200) return this._whole(answer, start, length);
    if (answer.status === 416) throw new ArchiveError("short");
    if (answer.status !== 206) throw new ArchiveError("network", `HTTP ${answer.status}`);
    const tag = answer.headers.get("ETag");
    if (this.tag && tag && tag !== this.tag) throw new ArchiveError("changed");
    this.tag = tag;
    const data = new Uint8Array(await answer.arrayBuffer());
    this.bytes += data.length;
    return data;
  }

  /* The server sends everything, however little is asked for. */
  async _whole(answer, start, length) {
    const size = Number(answer.headers.get("Content-Length"));
    if (!size || size > WHOLE_BYTES) {
      if (answer.body) answer.body.cancel();
      throw new ArchiveError("ranges");
    }
    const blob = await answer.blob();
    this.bytes += blob.size;
    this.whole = new BlobSource(blob);
    return this.whole.range(start, length);
  }
}

/* A file that the reader of the page has chosen. */
class BlobSource {
  constructor(blob) {
    this.blob = blob;
    this.requests = 0;
    this.bytes = 0;
  }

  async range(start, length) {
    let data;
    try {
      data = new Uint8Array(await this.blob.slice(start, start + length).arrayBuffer());
    } catch {
      throw new ArchiveError("changed"); // browsers refuse a file that was written to after it was chosen
    }
    this.requests++;
    this.bytes += data.length;
    return data;
  }
}

class Archive {
  static async open(source) {
    const found = new Archive();
    found.source = source;
    found.leaves = new Map();
    found.head = await source.range(0, HEAD_BYTES);
    found._header();
    found.root = directory(await unzip(await found._bytes(found.rootAt, found.rootLength)));
    found.metadata = JSON.parse(new TextDecoder().decode(await unzip(await found._bytes(found.metaAt, found.metaLength))));
    found._said(found.metadata.notspot);
    return found;
  }

  /* What the page says of the file, and draws by, must be there. */
  _said(said) {
    if (!said || said.version !== 1) throw new ArchiveError("other");
    const numbers = (all) => all.every((each) => typeof each === "number"), statuses = ["covered", "not_covered", "unknown"];
    const whole = (sums) => sums && numbers(statuses.map((name) => sums[name])), pair = (text) => Array.isArray(text) && text.length === 2;
    const weighed = !said.weight || (pair(said.weight.name) && whole(said.weight.sums)), valued = !said.value || pair(said.value.name);
    const there = numbers([said.points, said.points_zoom]) && whole(said.counts) && Array.isArray(said.cells) && pair(said.title) && pair(said.source);
    const drawn = !said.hexagons || (typeof said.hexagons.width === "number" && said.hexagons.resolutions);
    if (!there || !weighed || !valued || !drawn || (said.operators && !Array.isArray(said.operators))) throw new ArchiveError("format", "metadata");
  }

  _header() {
    const head = this.head, view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    if (head.length < 127 || new TextDecoder().decode(head.subarray(0, 7)) !== "PMTiles" || head[7] !== 3) throw new ArchiveError("format");
    if (head[97] !== 2 || head[98] !== 2 || head[99] !== 1) throw new ArchiveError("other"); // gzip, gzip, MVT
    const long = (at) => Number(view.getBigUint64(at, true));
    [this.rootAt, this.rootLength, this.metaAt, this.metaLength, this.leavesAt, this.leavesLength, this.tilesAt] = [8, 16, 24, 32, 40, 48, 56].map(long);
  }

  async _bytes(start, length, signal) {
    const data = start + length <= this.head.length ? this.head.subarray(start, start + length) : await this.source.range(start, length, signal);
    if (data.length < length) throw new ArchiveError("short");
    return data;
  }

  /* The bytes of a tile, unzipped; null where there is none. */
  async tile(z, x, y, signal) {
    const id = tileId(z, x, y);
    let entries = this.root;
    for (let depth = 0; depth < 4; depth++) {
      const at = entryOf(entries, id);
      if (at < 0) return null;
      const start = entries.offset[at], length = entries.length[at];
      if (entries.run[at]) return id < entries.id[at] + entries.run[at] ? unzip(await this._bytes(this.tilesAt + start, length, signal)) : null;
      if (!this.leaves.has(start)) {
        const leaf = this._bytes(this.leavesAt + start, length).then(unzip).then(directory);
        leaf.catch(() => this.leaves.delete(start));
        this.leaves.set(start, leaf);
      }
      entries = await this.leaves.get(start);
    }
    throw new ArchiveError("format");
  }
}

async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Numbers of seven bits a byte, one after another. */
class Varints {
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  next() {
    const { bytes } = this;
    let byte = bytes[this.at++], value = byte & 127;
    for (let place = 128; byte > 127; place *= 128) {
      if (this.at > this.end) throw new ArchiveError("format");
      byte = bytes[this.at++];
      value += (byte & 127) * place;
    }
    return value;
  }
}

function directory(bytes) {
  const from = new Varints(bytes), count = from.next();
  const [id, run, length, offset] = [0, 1, 2, 3].map(() => new Float64Array(count));
  for (let i = 0, sum = 0; i < count; i++) id[i] = sum += from.next();
  for (let i = 0; i < count; i++) run[i] = from.next();
  for (let i = 0; i < count; i++) length[i] = from.next();
  for (let i = 0; i < count; i++) {
    const value = from.next();
    offset[i] = value ? value - 1 : offset[i - 1] + length[i - 1];
  }
  return { id, run, length, offset };
}

/* The last entry that does not begin after a tile, or -1. */
function entryOf(entries, id) {
  let low = 0, high = entries.id.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (entries.id[middle] <= id) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}

/* Number of a tile along the Hilbert curves of all zooms. */
function tileId(z, x, y) {
  let id = (4 ** z - 1) / 3;
  for (let s = 2 ** (z - 1); s >= 1; s /= 2) {
    const rx = x & s ? 1 : 0, ry = y & s ? 1 : 0;
    id += s * s * ((3 * rx) ^ ry);
    if (!ry) {
      if (rx) [x, y] = [s - 1 - (x & (s - 1)), s - 1 - (y & (s - 1))];
      [x, y] = [y, x];
    }
    x &= s - 1;
    y &= s - 1;
  }
  return id;
}

/*
 * A tile: {name, extent, count, x, y, rings, columns, beside}. A column is numbers (NaN: none) or {texts, which};
 * `rings`, of polygons, are {corners, starts, box} in place of x and y; `beside` are hexagons of other tiles, or null.
 */
function decodeTile(bytes) {
  const tile = new Varints(bytes), layers = [];
  while (tile.at < tile.end) {
    const tag = tile.next();
    if (tag === 26) {
      const length = tile.next(), at = tile.at;
      tile.at += length;
      layers.push(decodeLayer(new Varints(bytes, at, at + length)));
    } else skip(tile, tag & 7);
  }
  const others = layers.find(({ name }) => name === BESIDE) || null, own = layers.find(({ name }) => name !== BESIDE);
  if (!own && !others) return null;
  return { ...(own || { ...others, name: HEXAGONS, count: 0 }), beside: others };
}

function skip(from, kind) {
  if (kind === 0) from.next();
  else if (kind === 2) from.at += from.next();
  else if (kind === 1 || kind === 5) from.at += kind === 1 ? 8 : 4;
  else throw new ArchiveError("format");
}

function decodeLayer(from) {
  const { bytes } = from, text = new TextDecoder(), starts = [], keys = [], values = [];
  let name = "", extent = 4096;
  while (from.at < from.end) {
    const tag = from.next();
    if (tag === 40) extent = from.next();
    else if ((tag & 7) !== 2) skip(from, tag & 7);
    else {
      const length = from.next(), at = from.at;
      from.at += length;
      if (tag === 18) starts.push(at, at + length);
      else if (tag === 10) name = text.decode(bytes.subarray(at, at + length));
      else if (tag === 26) keys.push(text.decode(bytes.subarray(at, at + length)));
      else if (tag === 34) values.push(decodeValue(new Varints(bytes, at, at + length), text));
    }
  }
  const count = starts.length / 2, x = new Float32Array(count), y = new Float32Array(count);
  const told = keys.map(() => new Int32Array(count).fill(-1)), rings = { corners: [], starts: new Int32Array(count + 1), box: new Float64Array(4 * count) };
  for (let i = 0; i < count; i++) {
    const feature = new Varints(bytes, starts[2 * i], starts[2 * i + 1]);
    let kind = 0;
    while (feature.at < feature.end) {
      const tag = feature.next();
      if (tag === 18) {
        const end = feature.next() + feature.at;
        while (feature.at < end) {
          const key = feature.next(); // before its value
          told[key][i] = feature.next();
        }
      } else if (tag === 24) kind = feature.next(); // before its geometry
      else if (tag === 34) {
        const end = feature.next() + feature.at;
        if (kind === 3) decodeRing(feature, rings, i);
        else {
          feature.next(); // MoveTo
          x[i] = feature.next() / 2;
          y[i] = feature.next() / 2;
        }
        feature.at = end;
      } else skip(feature, tag & 7);
    }
  }
  const columns = {};
  keys.forEach((key, k) => (columns[key] = decodeColumn(told[k], values)));
  return { name, extent, count, x, y, rings: rings.corners.length ? rings : null, columns };
}

/* The corners of a polygon of one ring, x and y in turn, and its west, north, east and south. */
function decodeRing(from, { corners, starts, box }, i) {
  const step = () => {
    const value = from.next();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  from.next(); // MoveTo
  let x = step(), y = step(), [west, north, east, south] = [x, y, x, y];
  corners.push(x, y);
  for (let more = Math.floor(from.next() / 8); more > 0; more--) {
    corners.push((x += step()), (y += step()));
    if (x < west) west = x;
    else if (x > east) east = x;
    if (y < north) north = y;
    else if (y > south) south = y;
  }
  starts[i + 1] = corners.length;
  box.set([west, north, east, south], 4 * i);
}

function decodeColumn(which, values) {
  if (which.length && typeof values[which.find((each) => each >= 0)] === "string") return { texts: values, which };
  return Float64Array.from(which, (at) => (at < 0 ? NaN : values[at]));
}

function decodeValue(from, text) {
  const tag = from.next();
  if (tag === 10) {
    const length = from.next();
    return text.decode(from.bytes.subarray(from.at, from.at + length));
  }
  if (tag === 25) return new DataView(from.bytes.buffer, from.bytes.byteOffset + from.at, 8).getFloat64(0, true);
  return from.next(); // whole numbers
}
