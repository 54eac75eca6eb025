/* ES5 on purpose: this file must run where the application cannot. */
(function () {
  var missing = [];
  var script = document.createElement("script");
  if (!("noModule" in script)) missing.push("ES modules");
  if (!window.RTCPeerConnection) missing.push("WebRTC");
  if (!window.WebSocket) missing.push("WebSocket");
  if (!window.Promise || !window.BigInt || !String.prototype.replaceAll) missing.push("ECMAScript 2021");
  if (window.isSecureContext === false) missing.push("HTTPS");
  if (missing.length === 0) return;
  var lines = [
    "<h1>请更换或升级浏览器</h1>",
    "<p>远程联合会审需要视频通话功能，当前浏览器缺少：<b>" + missing.join("、") + "</b>。</p>",
    "<p>请使用以下任意一种：Chrome 或 Edge 87 以上、360 / UOS 浏览器（极速模式）、微信内置浏览器（最新版）、Safari 14.5 以上、Firefox ESR。",
    "如无法更换，请致电通知您参加会审的工作人员，可改为现场勘验。</p>",
    "<h2>Please use a newer browser</h2>",
    "<p>Missing: " + missing.join(", ") + ". Use Chrome or Edge 87+, Safari 14.5+ or Firefox ESR, or ask the staff who invited you for a survey on site.</p>",
  ];
  document.getElementById("app").innerHTML =
    '<div style="max-width:40em;margin:10vh auto;padding:0 24px;font:16px/1.6 sans-serif;color:#1c2530">' + lines.join("") + "</div>";
  window.kanjieUnsupported = true;
})();
