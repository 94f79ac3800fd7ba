// What lies under a click: rows of the topmost layer that has any there.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const L = root.L;

  // Rows under a point, of the topmost layer that has any there.
  Q.hit = function (map, at) {
    const board = map.qhBoard;
    const frame = board.frame();
    const world = Q.toWorld(at);
    const point = [world[0] * frame.scale - frame.x, world[1] * frame.scale - frame.y];
    const near = { west: world[0] - 20 / frame.scale, east: world[0] + 20 / frame.scale, north: world[1] - 20 / frame.scale, south: world[1] + 20 / frame.scale };
    const slack = L.Browser.mobile ? 9 : 3;
    const shown = board.sheets.filter((one) => one.layer.group !== 'ground' && !Q.needsType(one)).sort((a, b) => b.order - a.order);
    for (const one of shown) {
      const rows = [];
      Q.eachRow(one, near, (row) => { if (touches(one, row, frame, point, world, slack)) rows.push(row); });
      if (rows.length) return { sheet: one, rows: nearestFirst(one, rows, frame, point) };
    }
    return null;
  };

  function nearestFirst(one, rows, frame, point) {
    if (one.layer.shape === 'fill') return rows.reverse();
    const off = (row) => { const at = Q.placeOf(one, row, frame); return Math.hypot(at[0] - point[0], at[1] - point[1]); };
    return rows.sort((a, b) => off(a) - off(b));
  }

  function touches(one, row, frame, point, world, slack) {
    const layer = one.layer;
    if (layer.shape === 'fill') return inside(layer, row, world);
    if (layer.shape === 'line') return along(layer, row, frame, point) <= 4 + slack;
    const at = Q.placeOf(one, row, frame);
    return Math.hypot(at[0] - point[0], at[1] - point[1]) <= Q.radius(one, row, frame) + slack;
  }

  function inside(layer, row, world) {
    let within = false;
    for (let ring = layer.parts[row]; ring < layer.parts[row + 1]; ring++) {
      for (let at = layer.rings[ring] + 1; at < layer.rings[ring + 1]; at++) {
        const ax = layer.world[2 * at - 2]; const ay = layer.world[2 * at - 1];
        const bx = layer.world[2 * at]; const by = layer.world[2 * at + 1];
        if ((ay > world[1]) !== (by > world[1]) && world[0] < (bx - ax) * (world[1] - ay) / (by - ay) + ax) within = !within;
      }
    }
    return within;
  }

  function along(layer, row, frame, point) {
    let least = Infinity;
    for (let ring = layer.parts[row]; ring < layer.parts[row + 1]; ring++) {
      for (let at = layer.rings[ring] + 1; at < layer.rings[ring + 1]; at++) {
        const ax = layer.world[2 * at - 2] * frame.scale - frame.x; const ay = layer.world[2 * at - 1] * frame.scale - frame.y;
        const bx = layer.world[2 * at] * frame.scale - frame.x - ax; const by = layer.world[2 * at + 1] * frame.scale - frame.y - ay;
        const length = bx * bx + by * by;
        const share = length ? Math.max(0, Math.min(1, ((point[0] - ax) * bx + (point[1] - ay) * by) / length)) : 0;
        least = Math.min(least, Math.hypot(point[0] - ax - share * bx, point[1] - ay - share * by));
      }
    }
    return least;
  }
})(window);
