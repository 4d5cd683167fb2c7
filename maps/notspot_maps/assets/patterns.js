/* Patterns to fill with: the hatch of what is unknown, the dots of wide bounds. */

const HATCH = { ground: "#ededed", line: "#8c8c8c" };

function patternTile(size, draw) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * 2;
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  draw(ctx, size);
  return canvas;
}

const PATTERNS = {};

PATTERNS.hatch = () => patternTile(7, (ctx, s) => {
  ctx.fillStyle = HATCH.ground;
  ctx.fillRect(0, 0, s, s);
  ctx.strokeStyle = HATCH.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const shift of [-s, 0, s]) {
    ctx.moveTo(shift - 1, s + 1);
    ctx.lineTo(shift + s + 1, -1);
  }
  ctx.stroke();
});

PATTERNS.dots = () => patternTile(7, (ctx, s) => {
  ctx.fillStyle = "rgba(31,41,51,.75)";
  ctx.beginPath();
  ctx.arc(s / 2, s / 2, 1.05, 0, 7);
  ctx.fill();
});
