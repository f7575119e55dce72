// The cursor of a run's page. It adds to figures that are complete without it, and reads nothing but the page itself.
(() => {
"use strict";

