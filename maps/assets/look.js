// How each layer looks for the chosen type, time and level.
(function (root) {
  'use strict';
  const Q = root.quarterhour;

  // ColorBrewer RdYlBu, five classes, safe for colour-blind readers; low shares first.
  Q.shades = ['#d7191c', '#fdae61', '#ffffbf', '#abd9e9', '#2c7bb6'];
  Q.colours = {
    gap: '#8e1a12', covered: '#2b6a99', unknown: '#6b7780', outlet: '#1c2731', site: '#101820',
    hatch: '#8b959c', blank: '#d9dde0'
  };
  const LAND = {
    park: '#cfe3c4', green: '#d8e7cf', forest: '#cbe0c1', grass: '#dcebd3', building: '#e2ddd6',
    compound: '#ece7df', residential: '#ece7df', commercial: '#eee3dc', industrial: '#e5e3e8',
    campus: '#eee9da', grounds: '#eee9da', square: '#e9e5dc', farm: '#ecebd6'
  };
  // Width at zoom 14, how fast it grows, colour, and whether it has a casing; by street class.
  const STREETS = [
    { width: 3.4, colour: '#ffffff', casing: '#8f9aa3' },
    { width: 2.8, colour: '#ffffff', casing: '#9aa4ac' },
    { width: 2.2, colour: '#ffffff', casing: '#a9b2b9' },
    { width: 1.6, colour: '#ffffff', casing: '#b4bcc2' },
    { width: 0.8, colour: '#9ba5ac' },
    { width: 0.5, colour: '#aab2b8' }
  ];

  Q.shadeOf = function (share) {
    if (share === null) return null;
    return Q.shades[Q.data.breaks.filter((edge) => share >= edge - 1e-9).length];
  };

  let pattern = null;
  Q.hatch = function () {
    if (pattern) return pattern;
    const tile = document.createElement('canvas');
    const scale = root.L.Browser.retina ? 2 : 1;
    tile.width = tile.height = 8;
    const pen = tile.getContext('2d');
    pen.fillStyle = '#e3e6e8';
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = Q.colours.hatch;
    pen.lineWidth = scale > 1 ? 1 : 1.2;
    pen.beginPath();
    [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]].forEach((line) => {
      pen.moveTo(line[0], line[1]);
      pen.lineTo(line[2], line[3]);
    });
    pen.stroke();
    pattern = pen.createPattern(tile, 'repeat');
    return pattern;
  };

  const still = { interactive: false };
  Q.style = {
    land: (feature) => {
      const kind = feature.properties.kind;
      const line = feature.geometry.type.indexOf('Line') >= 0;
      return line
        ? Object.assign({ color: '#c9b99a', weight: 2.5, opacity: 0.7 }, still)
        : Object.assign({ stroke: false, fill: true, fillColor: LAND[kind] || '#e8e6e1', fillOpacity: 1 }, still);
    },
    water: (feature) => {
      const kind = feature.properties.kind;
      if (LAND[kind]) return Q.style.land(feature);
      if (kind === 'motorway') return Object.assign({ color: '#8f9aa3', weight: 2.4, opacity: 0.9 }, still);
      const line = feature.geometry.type.indexOf('Line') >= 0;
      if (kind === 'railway') {
        return Object.assign({ color: '#5c666e', weight: 1.6, dashArray: '7 4', opacity: 0.9 }, still);
      }
      return line
        ? Object.assign({ color: '#9fc6dd', weight: 4, opacity: 1 }, still)
        : Object.assign({ color: '#86b4d0', weight: 0.6, fill: true, fillColor: '#aed0e3', fillOpacity: 1 }, still);
    },
    streets: (feature) => streetStyle(feature.id),
    areas: (feature) => areaStyle(feature.id),
    points: (feature) => pointStyle(feature.id),
    outlets: (feature) => outletStyle(feature.id),
    sites: () => ({})
  };

  function growth() {
    return Math.pow(1.45, (Q.map ? Q.map.getZoom() : 14) - 14);
  }

  function streetStyle(row) {
    const look = STREETS[row];
    return { color: look.colour, weight: Math.max(0.4, look.width * growth()), opacity: look.casing ? 1 : 0.9, interactive: false };
  }

  function casingStyle(row) {
    const look = STREETS[row];
    return { color: look.casing, weight: Math.max(0.4, look.width * growth()) + 1.4, opacity: 0.9, interactive: false };
  }

  // Levels below (positive) or above (negative) the one that is shaded.
  function depthOf(level) {
    const order = ['district', 'street', 'community'];
    return order.indexOf(level) - order.indexOf(Q.view.level);
  }

  function areaStyle(row) {
    if (!Q.data) return { stroke: false, fill: false };
    const areas = Q.data.areas;
    const depth = depthOf(areas.level[row]);
    if (depth > 0) return { stroke: false, fill: false, interactive: false };
    if (depth < 0) {
      return { stroke: true, color: '#48545d', weight: depth === -1 ? 1.6 : 2.4, opacity: 0.75,
        dashArray: depth === -1 ? null : '9 4 2 4', fill: false, interactive: false };
    }
    const counts = Q.counts(Q.view.when, areas.level[row], areas.id[row], Q.view.type);
    const shade = Q.shadeOf(counts && !counts.mostlyUnknown ? counts.share : null);
    // Without homes there is nothing to shade; with homes whose state is unknown, a hatch.
    const homes = counts && counts.points > 0;
    return { stroke: true, color: '#ffffff', weight: 1.2, opacity: 0.95, dashArray: null, fill: true,
      fillColor: shade || (homes ? Q.hatch() : Q.colours.blank), fillOpacity: shade || homes ? 0.58 : 0.25, interactive: true };
  }

  // Dots are proportional in area to residents. All homes together would fill 7 % of the
  // opening view, so that a dense city stays readable; zooming in lets them grow.
  const FILL = 0.07;
  Q.radius = function (residents) {
    if (!Q.dots) return 4;
    const grown = Q.dots.scale * Math.pow(1.5, Q.map.getZoom() - Q.dots.zoom);
    const wanted = Math.min(grown, Q.dots.greatest) * Math.sqrt(residents || 0);
    return Math.max(1.8, Math.min(24, wanted));
  };

  Q.measureDots = function () {
    const size = Q.map.getSize();
    const total = (Q.data.points.residents || []).reduce((sum, each) => sum + (each || 0), 0);
    const scale = total > 0 ? Math.sqrt(FILL * size.x * size.y / (Math.PI * total)) : 1;
    const most = Math.sqrt(Q.mostResidents || 1);
    // A large home is never wider than 26 pixels at first, 34 when zoomed in.
    Q.dots = { scale: Math.min(scale, 13 / most), greatest: 17 / most, zoom: Q.map.getZoom() };
  };

  function pointStyle(row) {
    if (!Q.data) return { stroke: false, fill: false };
    const state = Q.states(Q.view.when)[row].charAt(Q.column(Q.view.type));
    const radius = Q.radius(Q.data.points.residents[row]);
    if (state === 'g') {
      return { radius: radius, stroke: true, color: '#ffffff', weight: radius > 4 ? 1.2 : 0.7, opacity: 1,
        fill: true, fillColor: Q.colours.gap, fillOpacity: 0.92 };
    }
    if (state === 'u') {
      return { radius: Math.max(2.4, radius * 0.7), stroke: true, color: Q.colours.unknown, weight: 1.5, opacity: 1,
        fill: true, fillColor: '#ffffff', fillOpacity: 0.85 };
    }
    return { radius: Math.max(1.6, Math.min(3.4, 2 * growth())), stroke: true, color: '#ffffff', weight: 0.6, opacity: 0.9,
      fill: true, fillColor: Q.colours.covered, fillOpacity: 0.9 };
  }

  function outletStyle(row) {
    if (!Q.data) return { stroke: false, fill: false };
    const all = Q.view.type === 'circle';
    const shown = all || Q.data.outlets.type[row] === Q.column(Q.view.type);
    if (!shown) return { radius: 0, stroke: false, fill: false, interactive: false };
    const size = all ? 1.4 : 3.6;
    return { radius: size + Math.max(0, Math.log2(growth()) * 1.2), stroke: !all, color: '#ffffff', weight: 1.2, opacity: 1,
      fill: true, fillColor: Q.colours.outlet, fillOpacity: all ? 0.6 : 1, interactive: true };
  }

  // Squares, so that outlets differ from homes by shape too, not by colour alone.
  const Square = root.L.CircleMarker.extend({
    _updatePath: function () {
      const renderer = this._renderer;
      if (!renderer._drawing || this._empty() || !this.options.fill) return;
      const pen = renderer._ctx;
      const half = this._radius;
      pen.beginPath();
      pen.rect(this._point.x - half, this._point.y - half, 2 * half, 2 * half);
      renderer._fillStroke(pen, this);
    }
  });

  // Many sites in a small window: smaller signs, and of very many dots, until the reader zooms in.
  Q.crowded = function () {
    if (!Q.dots) return '';
    const size = Q.map.getSize();
    const room = size.x * size.y * Math.pow(4, Q.map.getZoom() - Q.dots.zoom);
    const shown = Q.data.places.filter((place) => Q.entries(place).length > 0).length;
    return shown * 20 * 20 * 6 > room ? 'swarm' : shown * 26 * 26 * 35 > room ? 'small' : '';
  };

  Q.siteIcon = function (place, crowded) {
    const entries = Q.entries(place);
    const size = { swarm: 9, small: 20 }[crowded] || 26;
    const number = entries.length && crowded !== 'swarm' ? entries[0].rank : null;
    const planned = Q.data.steps.length && !entries.some((entry) => Q.isOpenAt(entry.since)) ? ' qh-planned' : '';
    return root.L.divIcon({
      className: 'qh-site' + planned + (crowded ? ' qh-' + crowded : ''), iconSize: [size, size],
      html: Q.el('span', {}, number === null ? '' : number)
    });
  };

  // Sites of the chosen type at a place; all of them for the full circle.
  Q.entries = (place) => place.entries.filter((entry) => Q.view.type === 'circle' || entry.type === Q.view.type);

  const dot = (feature, at) => root.L.circleMarker(at);
  Q.pointToLayer = {
    land: dot, water: dot, streets: dot, areas: dot, points: dot,
    outlets: (feature, at) => new Square(at),
    sites: (feature, at) => root.L.marker(at, { icon: root.L.divIcon({ className: 'qh-site' }) })
  };

  Q.onEach = {};
  ['land', 'water', 'streets', 'areas', 'points', 'outlets', 'sites'].forEach((theme) => {
    Q.byRow[theme] = {};
    Q.onEach[theme] = (feature, layer) => { Q.byRow[theme][feature.id] = layer; };
  });

  // White streets need a grey casing to stand out from pale shading; drawn from the same lines.
  Q.addCasings = function () {
    const group = Q.layers.streets;
    Q.casings = {};
    Object.keys(Q.byRow.streets).forEach((row) => {
      if (!STREETS[row].casing) return;
      Q.casings[row] = root.L.polyline(Q.byRow.streets[row].getLatLngs(), casingStyle(row));
      group.addLayer(Q.casings[row]);
    });
  };

  const redraw = {
    streets: () => Object.keys(Q.byRow.streets).forEach((row) => {
      Q.byRow.streets[row].setStyle(streetStyle(row));
      if (Q.casings[row]) Q.casings[row].setStyle(casingStyle(row));
    }),
    areas: () => Object.keys(Q.byRow.areas).forEach((row) => Q.byRow.areas[row].setStyle(areaStyle(row))),
    points: () => Object.keys(Q.byRow.points).forEach((row) => Q.byRow.points[row].setStyle(pointStyle(row))),
    outlets: () => Object.keys(Q.byRow.outlets).forEach((row) => Q.byRow.outlets[row].setStyle(outletStyle(row))),
    sites: () => {
      const crowded = Q.crowded();
      Q.data.places.forEach((place) => {
        const marker = Q.byRow.sites[place.row];
        if (!marker) return;
        const shown = Q.entries(place).length > 0;
        marker.setIcon(Q.siteIcon(place, crowded));
        // Where two stand close, the better ranked one is on top.
        if (shown) marker.setZIndexOffset(-1000 * Math.min(90, Q.entries(place)[0].rank || 0));
        if (marker.getElement()) marker.getElement().style.display = shown ? '' : 'none';
      });
    }
  };
  Q.redraw = (themes) => themes.forEach((theme) => redraw[theme]());

  // From the bottom up. The canvas draws in this order, and asks the topmost first on a click.
  Q.order = function () {
    const front = (layer) => layer && layer.bringToFront();
    ['land', 'areas', 'water'].forEach((theme) => front(Q.layers[theme]));
    const streets = Object.keys(Q.byRow.streets).sort((a, b) => b - a);
    streets.forEach((row) => front(Q.casings[row]));
    streets.forEach((row) => front(Q.byRow.streets[row]));
    Object.keys(Q.byRow.areas).forEach((row) => {
      if (depthOf(Q.data.areas.level[row]) < 0) front(Q.byRow.areas[row]);
    });
    const homes = homesByState();
    homes.c.concat(homes.u).forEach((row) => front(Q.byRow.points[row]));
    front(Q.layers.outlets);
    homes.g.forEach((row) => front(Q.byRow.points[row]));
  };

  // Rows of the homes by their state letter; in a gap, the largest first so that none is hidden.
  function homesByState() {
    const column = Q.column(Q.view.type);
    const states = Q.states(Q.view.when);
    const residents = Q.data.points.residents;
    const homes = { c: [], u: [], g: [] };
    Object.keys(Q.byRow.points).forEach((row) => homes[states[row].charAt(column)].push(row));
    homes.g.sort((a, b) => residents[b] - residents[a]);
    return homes;
  }
})(window);
