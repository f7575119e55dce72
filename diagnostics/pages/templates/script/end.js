start(document, JSON.parse(document.getElementById("numbers").textContent));
})();
