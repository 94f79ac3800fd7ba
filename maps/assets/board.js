// One canvas a map draws every compact layer, bottom up.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;
  const CROWD = 5000; // dots in view from which those of one cell are drawn as one
  const CELL = 8;
  const ALPHA = { reach: 0.6 };
  // How opaque a layer's fill is; the legend shows its colours alike.
  Q.alpha = (one) => (one.layer.shape !== 'fill' ? 1 : Q.tilesOn ? 0.55 : ALPHA[one.key] || 0.8);
  const STREETS = [[3.4, '#8f9aa3'], [2.8, '#9aa4ac'], [2.2, '#a9b2b9'], [1.6, '#b4bcc2'], [0.8, ''], [0.5, '']];

  const Board = L.Renderer.extend({
    options: { padding: 0.2 },
    initialize: function (options) {
      L.Renderer.prototype.initialize.call(this, options);
      this.sheets = [];
    },
    _initContainer: function () {
      this._container = document.createElement('canvas');
      this._pen = this._container.getContext('2d');
    },
    _destroyContainer: function () {
      L.DomUtil.remove(this._container);
    },
    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const ratio = Math.min(2, root.devicePixelRatio || 1);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      Object.assign(this._container, { width: ratio * size.x, height: ratio * size.y });
      Object.assign(this._container.style, { width: size.x + 'px', height: size.y + 'px' });
      this._pen.setTransform(ratio, 0, 0, ratio, -ratio * this._bounds.min.x, -ratio * this._bounds.min.y);
      this.paint();
    },
    // Where the canvas stands in the world, and how many pixels the world is wide.
    frame: function () {
      const zoom = this._map.getZoom();
      const scale = 256 * Math.pow(2, zoom);
      const origin = this._map.getPixelOrigin();
      const box = this._bounds;
      return {
        scale: scale, x: origin.x, y: origin.y, zoom: zoom, grow: Math.pow(1.32, zoom - Q.firstZoom),
        west: (box.min.x + origin.x) / scale, east: (box.max.x + origin.x) / scale,
        north: (box.min.y + origin.y) / scale, south: (box.max.y + origin.y) / scale
      };
    },
    paint: function () {
      if (!Q.ready || !this._map || !this._bounds) return;
      const begun = root.performance.now();
      const box = this._bounds;
      this._pen.clearRect(box.min.x, box.min.y, box.getSize().x, box.getSize().y);
      const frame = this.frame();
      const shown = this.sheets.slice().sort((a, b) => a.order - b.order);
      shown.forEach((one) => { if (!Q.needsType(one)) draw[one.layer.shape](this._pen, one, frame); });
      writeNames(this._pen, this.side, frame, pinBoxes(shown, frame));
      this.milliseconds = root.performance.now() - begun;
    }
  });
  Q.board = (side) => Object.assign(new Board(), { side: side });

  // A layer of the map in Leaflet's sense: adding it puts its sheet on the board.
  const Compact = L.Layer.extend({
    initialize: function (one) { this.sheet = one; },
    onAdd: function (map) { boardOf(map, this.sheet.side).sheets.push(this.sheet); Q.repaint(map); },
    onRemove: function (map) {
      const board = boardOf(map, this.sheet.side);
      board.sheets.splice(board.sheets.indexOf(this.sheet), 1);
      Q.repaint(map);
    }
  });
  Q.compact = function (side, row) {
    Q.load();
    const one = Q.sheets[side][row];
    one.order = row;
    one.handle = new Compact(one);
    return one.handle;
  };

  function boardOf(map, side) {
    if (!map.qhBoard) map.qhBoard = Q.board(side).addTo(map);
    return map.qhBoard;
  }
  Q.repaint = (map) => { if (Q.ready && map.qhBoard) map.qhBoard.paint(); };
  Q.repaintAll = () => Q.maps.forEach(Q.repaint);

  function inView(layer, row, frame) {
    const box = layer.boxes;
    return box[4 * row] <= frame.east && box[4 * row + 2] >= frame.west &&
      box[4 * row + 1] <= frame.south && box[4 * row + 3] >= frame.north;
  }

  // Rows to draw with their class; hidden ones and those out of view are left out.
  function eachRow(one, frame, use) {
    const shading = Q.shading(one);
    if (!shading) return;
    for (let row = 0; row < one.rows; row++) {
      if (!inView(one.layer, row, frame)) continue;
      const letter = Q.letter(shading, row);
      if (letter !== ' ' && Q.rowShown(one, row)) use(row, letter, one.layer.scales[shading.scale]);
    }
  }

  // A path of all rings of a row; corners closer than most of a pixel to the one before are skipped.
  function trace(pen, layer, row, frame, close) {
    const world = layer.world;
    pen.beginPath();
    for (let ring = layer.parts[row]; ring < layer.parts[row + 1]; ring++) {
      const end = layer.rings[ring + 1];
      let px = NaN;
      let py = NaN;
      for (let at = layer.rings[ring]; at < end; at++) {
        const x = world[2 * at] * frame.scale - frame.x;
        const y = world[2 * at + 1] * frame.scale - frame.y;
        if (px !== px) pen.moveTo(x, y);
        else if (at === end - 1 || Math.abs(x - px) + Math.abs(y - py) > 0.9) pen.lineTo(x, y);
        else continue;
        px = x;
        py = y;
      }
      if (close) pen.closePath();
    }
  }

  const RAILWAY = '#5c666e';
  const UNKNOWN = '#d9dde0';
  let pattern = null;
  function hatch(pen) {
    if (pattern) return pattern;
    const tile = document.createElement('canvas');
    tile.width = tile.height = 8;
    const ink = tile.getContext('2d');
    ink.fillStyle = '#e8eaec';
    ink.fillRect(0, 0, 8, 8);
    ink.strokeStyle = '#a2abb2';
    ink.beginPath();
    [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]].forEach((line) => { ink.moveTo(line[0], line[1]); ink.lineTo(line[2], line[3]); });
    ink.stroke();
    pattern = pen.createPattern(tile, 'repeat');
    return pattern;
  }

  const colourOf = (letter, scale) => (letter === '-' ? UNKNOWN : scale.colours[Q.index(letter)]);

  function fills(pen, one, frame) {
    const ground = one.layer.group === 'ground';
    const layer = one.layer;
    eachRow(one, frame, (row, letter, scale) => {
      const box = layer.boxes;
      const line = layer.lines.has(row);
      pen.globalAlpha = ground ? 1 : Q.alpha(one);
      pen.fillStyle = letter === '-' ? hatch(pen) : colourOf(letter, scale);
      if (!line && (box[4 * row + 2] - box[4 * row]) * frame.scale < 1.5 && (box[4 * row + 3] - box[4 * row + 1]) * frame.scale < 1.5) {
        pen.fillRect(box[4 * row] * frame.scale - frame.x, box[4 * row + 1] * frame.scale - frame.y, 1, 1);
        return;
      }
      trace(pen, layer, row, frame, !line);
      if (line) {
        const railway = pen.fillStyle === RAILWAY;
        pen.strokeStyle = pen.fillStyle;
        pen.lineWidth = railway ? 1.5 : 3;
        pen.setLineDash(railway ? [7, 4] : []);
        pen.stroke();
        pen.setLineDash([]);
        return;
      }
      pen.fill('evenodd');
      if (ground) return;
      pen.globalAlpha = 1;
      pen.strokeStyle = one.key === 'reach' ? 'rgba(60, 70, 80, .5)' : '#ffffff';
      pen.lineWidth = 0.7;
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  function lines(pen, one, frame) {
    pen.lineJoin = pen.lineCap = 'round';
    [['#ffffff', 5], [null, 2.6]].forEach((stroke) => eachRow(one, frame, (row, letter, scale) => {
      trace(pen, one.layer, row, frame, false);
      pen.strokeStyle = stroke[0] || colourOf(letter, scale);
      pen.lineWidth = stroke[1];
      pen.stroke();
    }));
  }

  function streets(pen, one, frame) {
    const grow = Math.pow(1.45, frame.zoom - 14);
    pen.lineJoin = pen.lineCap = 'round';
    const strokes = [[], []];
    eachRow(one, frame, (row, letter) => {
      const look = STREETS[Q.index(letter)] || STREETS[5];
      const width = Math.max(0.4, look[0] * grow);
      if (look[1]) strokes[0].push([row, look[1], width + 1.4]);
      strokes[1].push([row, look[1] ? '#ffffff' : '#a2abb2', width]);
    });
    strokes.forEach((some) => some.reverse().forEach((stroke) => {
      trace(pen, one.layer, stroke[0], frame, false);
      pen.strokeStyle = stroke[1];
      pen.lineWidth = stroke[2];
      pen.stroke();
    }));
    pen.lineCap = 'butt';
  }

  const ORDER = ['district', 'street', 'community', ''];
  function outlines(pen, one, frame) {
    const chosen = ORDER.indexOf(Q.view.level);
    pen.strokeStyle = '#48545d';
    for (let row = 0; row < one.rows; row++) {
      const depth = chosen - ORDER.indexOf(one.layer.levels ? one.layer.levels[row] : '');
      if (depth < 0 || !inView(one.layer, row, frame)) continue;
      pen.lineWidth = [0.7, 1.6, 2.4][Math.min(2, depth)];
      pen.globalAlpha = depth ? 0.8 : 0.5;
      pen.setLineDash(depth === 2 ? [9, 4, 2, 4] : []);
      trace(pen, one.layer, row, frame, true);
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  // Persons to pixels: areas of dots are in proportion; a large one is at most 13 pixels in radius.
  Q.radius = function (one, row, frame) {
    const grow = Math.min(2.2, Math.max(0.55, frame.grow));
    if (one.layer.shape === 'square') return 3.4 * Math.min(1.6, grow);
    if (one.layer.shape === 'pin') return 11;
    const size = one.layer.size ? one.layer.size[row] : null;
    if (!one.layer.size) return 3.5 * grow;
    const most = Q.largest(one);
    const widest = one.key === 'gaps' ? 17 : 6.5;
    return Math.max(2.1, Math.min(widest * 1.4, widest * Math.sqrt((size || 0) / most) * grow));
  };

  // The 98th percentile, so that one huge compound does not make all others tiny.
  Q.largest = function (one) {
    if (!one.most) {
      const sorted = Float64Array.from(one.layer.size.filter((size) => size > 0)).sort();
      one.most = sorted.length ? sorted[Math.floor(sorted.length * 0.98)] : 1;
    }
    return one.most;
  };

  // Gaps above covered homes; else the highest class, the worst or most, above the rest.
  function rank(letter, scale) {
    if (letter === '-') return -1;
    const index = Q.index(letter);
    return scale.words && scale.words[1] === 'state.gap' ? [0, 3, 2, 1][index] : index;
  }

  function dots(pen, one, frame) {
    const layer = one.layer;
    let found = [];
    eachRow(one, frame, (row, letter, scale) => found.push({
      x: layer.world[2 * layer.rings[layer.parts[row]]] * frame.scale - frame.x,
      y: layer.world[2 * layer.rings[layer.parts[row]] + 1] * frame.scale - frame.y,
      r: Q.radius(one, row, frame), row: row, colour: colourOf(letter, scale), rank: rank(letter, scale),
      size: layer.size ? layer.size[row] || 0 : 1
    }));
    one.merged = found.length > CROWD;
    if (one.merged) found = merge(found, one, frame);
    found.sort((a, b) => a.rank - b.rank || b.r - a.r);
    found.forEach((each) => stamp(pen, layer.shape, each));
  }

  // Things of one cell as one sign: area by their sum, colour of the class with most of it.
  function merge(found, one, frame) {
    const cells = new Map();
    found.forEach((each) => {
      const key = Math.floor(each.x / CELL) + ':' + Math.floor(each.y / CELL);
      const cell = cells.get(key);
      if (!cell) { cells.set(key, { all: [each], x: 0, y: 0, size: 0 }); return; }
      cell.all.push(each);
    });
    const made = [];
    cells.forEach((cell) => {
      const votes = {};
      let best = cell.all[0];
      let x = 0; let y = 0; let area = 0;
      cell.all.forEach((each) => {
        const vote = votes[each.colour] = (votes[each.colour] || 0) + each.size + 1e-6;
        if (vote > votes[best.colour]) best = each;
        x += each.x; y += each.y; area += each.r * each.r;
      });
      const n = cell.all.length;
      made.push({ x: x / n, y: y / n, r: Math.min(CELL * 0.62, Math.sqrt(area)), row: best.row, colour: best.colour, rank: best.rank, size: 0 });
    });
    return made;
  }

  // A sign drawn once a colour and size, then copied: far faster than a path each.
  const stamps = new Map();
  function stamp(pen, shape, each) {
    const r = Math.round(each.r * 2) / 2;
    const key = shape + r + each.colour;
    let sign = stamps.get(key);
    if (!sign) {
      sign = document.createElement('canvas');
      const half = r + 1.5;
      sign.width = sign.height = 4 * half;
      const ink = sign.getContext('2d');
      ink.scale(2, 2);
      ink.beginPath();
      if (shape === 'square') ink.rect(half - r, half - r, 2 * r, 2 * r);
      else ink.arc(half, half, r, 0, 2 * Math.PI);
      ink.fillStyle = each.colour;
      ink.fill();
      ink.strokeStyle = each.colour === UNKNOWN ? '#6b7780' : '#ffffff';
      ink.lineWidth = r > 4 ? 1.2 : 0.7;
      ink.stroke();
      stamps.set(key, sign);
    }
    pen.drawImage(sign, each.x - sign.width / 4, each.y - sign.height / 4, sign.width / 2, sign.height / 2);
  }

  function place(one, row, frame) {
    const at = one.layer.rings[one.layer.parts[row]];
    return [one.layer.world[2 * at] * frame.scale - frame.x, one.layer.world[2 * at + 1] * frame.scale - frame.y];
  }

  function pins(pen, one, frame) {
    const crowded = one.rows > 60 && frame.grow < 1.6;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    eachRow(one, frame, (row, letter, scale) => {
      const at = place(one, row, frame);
      const half = crowded ? 8 : 11;
      const open = Q.isOpen(one, row);
      const colour = colourOf(letter, scale);
      pen.beginPath();
      if (pen.roundRect) pen.roundRect(at[0] - half, at[1] - half, 2 * half, 2 * half, 5);
      else pen.rect(at[0] - half, at[1] - half, 2 * half, 2 * half);
      pen.fillStyle = open ? colour : '#ffffff';
      pen.fill();
      pen.setLineDash(open ? [] : [3, 2]);
      pen.strokeStyle = open ? '#ffffff' : colour;
      pen.lineWidth = 1.8;
      pen.stroke();
      pen.setLineDash([]);
      pen.fillStyle = open ? '#ffffff' : colour;
      pen.font = '700 ' + (crowded ? 9 : 11) + 'px sans-serif';
      pen.fillText((one.layer.labels && one.layer.labels[row]) || '', at[0], at[1] + 0.5);
    });
  }

  const draw = { fill: fills, line: lines, street: streets, outline: outlines, dot: dots, square: dots, pin: pins };

  function pinBoxes(shown, frame) {
    const taken = [];
    shown.filter((one) => one.layer.shape === 'pin').forEach((one) => eachRow(one, frame, (row) => {
      const at = place(one, row, frame);
      taken.push([at[0] - 12, at[1] - 12, at[0] + 12, at[1] + 12]);
    }));
    return taken.slice(0, 400);
  }

  // Names of the areas shown, the largest first; one that would cover another is left out.
  function writeNames(pen, side, frame, taken) {
    if (Q.view.on && Q.view.on.outlines === false) return;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.font = '600 12px ' + root.getComputedStyle(document.body).fontFamily;
    pen.lineJoin = 'round';
    Q.data.sides[side].names.forEach((name) => {
      if (name.level !== Q.view.level) return;
      if (!name.world) name.world = Q.toWorld({ lat: name.at[0], lng: name.at[1] });
      const x = name.world[0] * frame.scale - frame.x;
      const y = name.world[1] * frame.scale - frame.y;
      const text = name[Q.view.language].slice(0, 40);
      const half = pen.measureText(text).width / 2 + 2;
      const box = [x - half, y - 8, x + half, y + 8];
      if (name.world[0] < frame.west || name.world[0] > frame.east || name.world[1] < frame.north || name.world[1] > frame.south) return;
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
      taken.push(box);
      pen.strokeStyle = 'rgba(255, 255, 255, .9)';
      pen.lineWidth = 3.5;
      pen.strokeText(text, x, y);
      pen.fillStyle = '#27333d';
      pen.fillText(text, x, y);
    });
  }

  Object.assign(Q, { eachRow: eachRow, placeOf: place });
})(window);
