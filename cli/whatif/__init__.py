"""``quarterhour serve STUDY``: a local page to try changes on, with coverage following at once.

===============  ======================================================================
`edits`          what a user can do: add, move, close, accept, reject, barrier, footway
`scenario`       a named list of edits with undo and redo, and its file
`shelf`          the scenarios of a study: opened, changed one at a time, saved at once
`world`          the study with the edits of a scenario applied, measured
`replies`        what the page is told: figures, points, gaps, things on the map
`replanning`     a plan around what is decided, in the background, with cancel
`guard`          who may ask: origin, host, token, size of a request
`server`         the routes, and the command
===============  ======================================================================
"""
