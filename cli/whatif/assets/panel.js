// The bar above and the panel beside the map.
(function (root) {
  'use strict';
  const app = root.whatif, make = app.make, tr = app.tr;
  const panel = (app.panel = {});
  const TOOLS = ['look', 'add', 'barrier', 'footway'];
  let parts = {};

  panel.open = function (study) {
    parts = {
      name: make('span', { class: 'scenario' }), list: make('select', {
        'aria-label': tr('scenario'), on: { change: (e) => app.look(e.target.value).catch(wrong) }
      }),
      undo: app.button('undo', () => app.change('/api/undo'), { id: 'undo' }),
      redo: app.button('redo', () => app.change('/api/redo'), { id: 'redo' }),
      figures: make('div', { id: 'figures' }), gaps: make('div', { id: 'gaps' }),
      plan: make('div', { id: 'plan' }), compare: make('div', { id: 'compare' }), tools: make('div', { id: 'tools' })
    };
    document.getElementById('bar').append(
      make('h1', { text: study.name }), make('span', { class: 'label', text: study.label }),
      make('div', { class: 'row', children: [
        parts.list, app.button('save_as', saveAs, { id: 'save-as' }), parts.undo, parts.redo,
        app.button('export', exported, { id: 'export' })
      ] })
    );
    document.getElementById('side').append(
      parts.tools, section('coverage', parts.figures), section('plan', parts.plan),
      section('gaps', parts.gaps), section('compare', parts.compare),
      make('p', { class: 'note', text: [study.traced].concat(study.credits).join(' · ') })
    );
    panel.tools();
    plan(study);
  };

  const wrong = (error) => app.say(error.message, true);
  const section = (key, content) => make('section', { children: [make('h2', { text: tr('head_' + key) }), content] });

  panel.tools = function () {
    const board = app.board;
    parts.tools.replaceChildren(
      ...TOOLS.map((tool) => app.button('tool_' + tool, () => app.tools.choose(tool), {
        id: 'tool-' + tool, 'aria-pressed': String(board.tool === tool)
      }))
    );
  };

  panel.show = function (state) {
    parts.undo.disabled = state.undo === null;
    parts.redo.disabled = state.redo === null;
    figures(state);
    gaps(state);
    app.get('/api/scenarios').then((found) => names(found.names, state.scenario)).catch(wrong);
  };

  function names(all, now) {
    const listed = all.indexOf(now) < 0 ? all.concat([now]) : all;
    parts.list.replaceChildren(...listed.map((name) => make('option', { value: name, text: name })));
    parts.list.value = now;
    comparison(listed, now);
  }

  function figures(state) {
    const study = app.board.study;
    const rows = [{ id: 'circle', name: tr('circle') }].concat(study.types).map((kind) => {
      const now = kind.id === 'circle' ? state.figures.circle : state.figures.types[kind.id];
      const before = kind.id === 'circle' ? study.base.circle : study.base.types[kind.id];
      const change = now.covered - before.covered;
      return make('tr', {
        class: app.board.type === kind.id ? 'chosen' : '', 'data-type': kind.id,
        children: [
          make('th', { scope: 'row', children: [make('button', {
            type: 'button', text: kind.name, on: { click: () => choose(kind.id) }
          }), kind.threshold ? make('small', { text: kind.threshold, title: kind.source || '' }) : null] }),
          make('td', { class: 'share', text: app.share(now.share) }),
          make('td', { class: change > 0 ? 'up' : change < 0 ? 'down' : '', text: app.signed(change) }),
          make('td', { text: app.number(now.gap) }), make('td', { text: app.number(now.unknown) })
        ]
      });
    });
    const head = ['type', 'share', 'change', 'gap', 'unknown'].map((key) => make('th', { scope: 'col', text: tr('column_' + key) }));
    parts.figures.replaceChildren(make('table', { children: [
      make('thead', { children: [make('tr', { children: head })] }), make('tbody', { children: rows })
    ] }));
  }

  function choose(type) {
    app.board.type = type;
    app.board.show(app.state);
    figures(app.state);
  }

  function gaps(state) {
    const names = {};
    app.board.study.types.forEach((kind) => { names[kind.id] = kind.name; });
    parts.gaps.replaceChildren(make('ol', { children: state.gaps.map((gap) => make('li', { children: [
      make('button', { type: 'button', text: gap.name, on: { click: () => {
        choose(gap.type);
        app.board.map.setView([gap.at[1], gap.at[0]], Math.max(app.board.map.getZoom(), 16));
      } } }),
      make('span', { text: tr('gap_line', {
        type: names[gap.type], count: app.number(gap.residents),
        minutes: gap.minutes === null ? '–' : gap.minutes
      }) })
    ] })) }));
  }

  function plan(study) {
    const count = make('input', { type: 'number', min: '1', id: 'outlets', placeholder: tr('outlets_default') });
    const bar = make('progress', { max: '1', value: '0', id: 'progress' });
    const line = make('p', { class: 'note', id: 'plan-line', text: study.planned ? '' : tr('no_plan_yet') });
    const stop = app.button('cancel', () => app.post('/api/plan/cancel', {}), { id: 'cancel' });
    const go = app.button('replan', async () => {
      const ask = { scenario: app.state.scenario, revision: app.state.revision };
      if (count.value) ask.outlets = Number(count.value);
      try { await app.post('/api/plan', ask); watch(); } catch (error) { wrong(error); }
    }, { id: 'replan' });
    stop.disabled = true;
    bar.hidden = true;
    parts.plan.append(make('label', { children: [make('span', { text: tr('outlets') }), count] }), make('div', { class: 'row', children: [go, stop] }), bar, line);

    async function watch() {
      go.disabled = true; stop.disabled = false; bar.hidden = false;
      let now = { state: 'running' };
      while (now.state === 'running') {
        await new Promise((done) => root.setTimeout(done, 300));
        now = await app.get('/api/plan').catch(() => ({ state: 'failed', faults: [], share: 0 }));
        bar.value = now.share;
        line.textContent = tr('planning');
      }
      await app.look(app.state.scenario).catch(wrong);
      go.disabled = false; stop.disabled = true; bar.hidden = true;
      line.textContent = told(now);
    }
  }

  function told(now) {
    if (now.state === 'cancelled') return tr('plan_cancelled');
    if (now.state !== 'done') return [tr('plan_failed')].concat(now.faults).join('\n');
    const facts = now.facts;
    return tr('plan_done_' + (facts.status === 'optimal' ? 'optimal' : 'gap'), {
      outlets: facts.outlets, covered: app.number(facts.objective), solver: facts.solver,
      gap: facts.gap === null ? '–' : (100 * facts.gap).toFixed(2) + ' %', seconds: facts.seconds
    });
  }

  function comparison(all, now) {
    const others = all.filter((name) => name !== now);
    if (!others.length) {
      parts.compare.replaceChildren(make('p', { class: 'note', text: tr('nothing_to_compare') }));
      return;
    }
    const list = make('select', { id: 'compare-with', 'aria-label': tr('head_compare'), children: others.map((name) => make('option', { value: name, text: name })) });
    const table = make('div');
    parts.compare.replaceChildren(make('div', { class: 'row', children: [list, app.button('compare', async () => {
      try { table.replaceChildren(compared(await app.get('/api/compare?first=' + encodeURIComponent(list.value) + '&second=' + encodeURIComponent(now)))); } catch (error) { wrong(error); }
    }, { id: 'compare-now' })] }), table);
  }

  function compared(found) {
    const kinds = [{ id: 'circle', name: tr('circle') }].concat(app.board.study.types);
    const of = (side, id) => (id === 'circle' ? side.figures.circle : side.figures.types[id]);
    const head = [tr('column_type'), found.first.name, found.second.name, tr('won'), tr('lost')];
    return make('table', { children: [
      make('thead', { children: [make('tr', { children: head.map((text) => make('th', { scope: 'col', text })) })] }),
      make('tbody', { children: kinds.map((kind) => make('tr', { children: [
        make('th', { scope: 'row', text: kind.name }),
        make('td', { text: app.share(of(found.first, kind.id).share) }),
        make('td', { text: app.share(of(found.second, kind.id).share) }),
        make('td', { class: 'up', text: app.number(found.changes[kind.id].won) }),
        make('td', { class: 'down', text: app.number(found.changes[kind.id].lost) })
      ] })) })
    ] });
  }

  function saveAs() {
    const name = root.prompt(tr('ask_name'), '');
    if (!name) return;
    app.post('/api/save', { scenario: app.state.scenario, revision: app.state.revision, name }).then((state) => {
      app.say(tr('saved', { name: state.scenario }));
      return app.look(state.scenario);
    }).catch(wrong);
  }

  function exported() {
    app.post('/api/export', { scenario: app.state.scenario, revision: app.state.revision })
      .then((found) => app.say(tr('exported', { file: found.file }))).catch(wrong);
  }
})(window);
