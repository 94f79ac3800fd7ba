// Words and small helpers.
(function (root) {
  'use strict';
  const words = root.start.words;
  const app = (root.whatif = {});

  app.tr = function (key, values) {
    const text = words[key] || key;
    return text.replace(/\{(\w+)\}/g, (_, name) => (values && name in values ? values[name] : ''));
  };

  const locale = root.start.language === 'zh' ? 'zh-CN' : 'en-GB';
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const share = new Intl.NumberFormat(locale, {
    style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1
  });
  app.number = (value) => whole.format(value);
  app.share = (value) => (value === null ? '–' : share.format(value));
  app.signed = function (value) {
    const rounded = Math.round(value);
    if (rounded === 0) return '±0';
    return (rounded > 0 ? '+' : '−') + whole.format(Math.abs(rounded));
  };

  // Every text from a table is put in as text, never as markup.
  app.make = function (tag, options) {
    const element = document.createElement(tag);
    const given = options || {};
    Object.keys(given).forEach((key) => {
      if (key === 'text') element.textContent = given.text;
      else if (key === 'on') Object.keys(given.on).forEach((e) => element.addEventListener(e, given.on[e]));
      else if (key === 'children') given.children.filter(Boolean).forEach((c) => element.appendChild(c));
      else element.setAttribute(key, given[key]);
    });
    return element;
  };

  app.button = function (key, action, options) {
    return app.make('button', Object.assign({
      type: 'button', text: app.tr(key), on: { click: action }
    }, options || {}));
  };

  let hiding = null;
  app.say = function (text, bad) {
    const line = document.getElementById('say');
    line.textContent = text;
    line.className = text ? (bad ? 'bad shown' : 'shown') : '';
    root.clearTimeout(hiding);
    if (text) hiding = root.setTimeout(() => { line.className = ''; }, bad ? 9000 : 3500);
  };
})(window);
