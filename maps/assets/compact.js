// Layers as columns: geometry decoded into arrays of unit Mercator, one row a thing.
(function (root) {
  'use strict';
  const Q = root.quarterhour;
  const RAD = Math.PI / 180;
  Q.sheets = [];

  Q.load = function () {
    if (Q.data) return Q.data;
    Q.data = JSON.parse(Q.byId('qh-data').textContent);
    Q.data.sides.forEach((side, at) => { Q.sheets[at] = side.layers.map((layer) => sheet(layer, at)); });
    return Q.data;
  };

  // Text to numbers: five bits a letter, sign folded in, each the difference to the one before.
  function decode(text) {
    let count = 0;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) - 63 < 32) count++;
    const places = new Float64Array(count);
    const last = [0, 0];
    let value = 0;
    let shift = 1;
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      const bits = text.charCodeAt(i) - 63;
      value += (bits % 32) * shift;
      shift *= 32;
      if (bits >= 32) continue;
      const half = Math.floor(value / 2);
      last[at % 2] += value % 2 ? -half - 1 : half;
      places[at] = at % 2 ? mercator(last[1] / 1e5) : last[0] / 3.6e7 + 0.5;
      at++;
      value = 0;
      shift = 1;
    }
    return places;
  }

  // Latitude as a share of the world's height, from the north.
  function mercator(lat) {
    const sine = Math.sin(lat * RAD);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  }

  Q.toWorld = (at) => [at.lng / 360 + 0.5, mercator(at.lat)];
  Q.toPlace = (x, y) => root.L.latLng(Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) / RAD, (x - 0.5) * 360);

  // Where each of n groups starts, from their lengths; one number where all are equal.
  function starts(lengths, n) {
    const found = new Int32Array(n + 1);
    for (let i = 0; i < n; i++) found[i + 1] = found[i] + (typeof lengths === 'number' ? lengths : lengths[i]);
    return found;
  }

  function sheet(layer, side) {
    const made = { layer: layer, side: side, key: layer.key, rows: layer.rows };
    if (layer.like) return made;
    layer.world = decode(layer.xy);
    const vertices = layer.world.length / 2;
    const rings = typeof layer.ring === 'number' ? (layer.ring ? vertices / layer.ring : 0) : layer.ring.length;
    layer.rings = starts(layer.ring, rings);
    layer.parts = starts(layer.part, made.rows);
    layer.boxes = boxes(layer, made.rows);
    layer.lines = new Set(layer.open);
    layer.xy = null;
    return made;
  }

  function boxes(layer, n) {
    const found = new Float64Array(4 * n);
    for (let row = 0; row < n; row++) {
      let west = Infinity; let north = Infinity; let east = -Infinity; let south = -Infinity;
      for (let at = layer.rings[layer.parts[row]]; at < layer.rings[layer.parts[row + 1]]; at++) {
        const x = layer.world[2 * at];
        const y = layer.world[2 * at + 1];
        if (x < west) west = x;
        if (x > east) east = x;
        if (y < north) north = y;
        if (y > south) south = y;
      }
      found.set([west, north, east, south], 4 * row);
    }
    return found;
  }

  // A layer that shares its rows with another takes geometry, names, facts and sizes from it.
  const SHARED = ['world', 'rings', 'parts', 'boxes', 'lines', 'zh', 'en', 'facts', 'size', 'types', 'levels', 'since', 'labels'];
  Q.join = function () {
    Q.sheets.forEach((side) => side.forEach((one) => {
      const from = one.layer.like && side.find((other) => other.key === one.layer.like);
      if (from) SHARED.forEach((name) => { one.layer[name] = from.layer[name]; });
    }));
  };

  // The time shown on a side: of a plan without that year, its end; today where there is no plan.
  Q.whenOf = function (side) {
    const steps = Q.data.sides[side].steps;
    return Q.view.when === 'today' || steps.indexOf(Q.view.when) >= 0 ? Q.view.when : steps[steps.length - 1] || 'today';
  };

  // What colours the rows for the type and time shown: the closest that the layer has.
  Q.shading = function (one) {
    const view = Q.view;
    const shading = one.layer.shading;
    const has = (key) => Object.prototype.hasOwnProperty.call(shading, key);
    const when = Q.whenOf(one.side);
    const own = when === 'today' ? [] : [view.type + '@' + when];
    const key = own.concat([view.type, '']).find(has);
    return key === undefined ? null : shading[key];
  };

  Q.letter = (shading, row) => shading.rows.charAt(shading.rows.length === 1 ? 0 : row);
  Q.index = (letter) => (letter >= 'a' ? letter.charCodeAt(0) - 97 : letter.charCodeAt(0) - 48);

  Q.rowShown = function (one, row) {
    const layer = one.layer;
    if (layer.types && Q.view.type !== 'circle' && layer.types[row] !== Q.view.type) return false;
    return !layer.levels || layer.shape === 'outline' || layer.levels[row] === Q.view.level;
  };

  // Areas of service overlap: they are seen for one type at a time.
  Q.needsType = (one) => one.key === 'reach' && Q.view.type === 'circle';

  Q.isOpen = function (one, row) {
    if (!one.layer.since) return true;
    const steps = Q.data.sides[one.side].steps;
    const when = Q.whenOf(one.side);
    return when !== 'today' && steps.indexOf(one.layer.since[row]) <= steps.indexOf(when);
  };

  Q.titleOf = function (one, row) {
    const layer = one.layer;
    return (Q.view.language === 'en' && layer.en[row]) || layer.zh[row] || '';
  };

  Q.layerTitle = (layer) => layer.custom || Q.word('planner.' + layer.key);
})(window);
