/* Patterns to fill with: the hatch of what is unknown, the dots of wide bounds, lines for the classes. */

const HATCH = { ground: "#ededed", line: "#7b7b7b" };
const PATTERN_SIDE = { hatch: 7, dots: 7, tile: 12 }; // CSS pixels after which each repeats

/* A canvas to repeat, drawn at twice its size so that it stays sharp on fine screens. */
function patternCanvas(side, draw) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side * 2;
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  draw(ctx, side);
  return canvas;
}

const PATTERNS = {
  hatch: () => patternCanvas(PATTERN_SIDE.hatch, (ctx, s) => {
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
  }),

  dots: () => patternCanvas(PATTERN_SIDE.dots, (ctx, s) => {
    ctx.fillStyle = "rgba(31,41,51,.75)";
    ctx.beginPath();
    ctx.arc(s / 2, s / 2, 1.05, 0, 7);
    ctx.fill();
  }),

  /* Class c of so many: none for the lowest, then one to four lines a side, level and falling by turns; the hatch
     of what is unknown rises. Each dark line has a light one beside it, so that it shows on every ground. */
  tile: (c, count) => patternCanvas(PATTERN_SIDE.tile, (ctx, s) => {
    if (c < 1) return;
    const lines = 1 + Math.round((3 * (c - 1)) / Math.max(1, count - 2)), step = s / lines;
    for (const [style, width, off] of [["rgba(255,255,255,.6)", 0.9, 0.95], ["rgba(31,41,51,.85)", 1, 0]]) {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      ctx.beginPath();
      for (let i = -lines; i <= 2 * lines; i++) {
        const at = (i + 0.5) * step + off;
        if (c % 2) ctx.moveTo(-1, at), ctx.lineTo(s + 1, at);
        else ctx.moveTo(-1, at - 1), ctx.lineTo(s + 1, at + s + 1);
      }
      ctx.stroke();
    }
  }),

  /* The same as a CSS background-image; show it at `PATTERN_SIDE.tile` pixels. */
  css: (c, count) => `url(${PATTERNS.tile(c, count).toDataURL()})`,
};
