// SPDX-License-Identifier: MIT
// As much of a document as react-dom needs to run components that render text.

class FakeNode {
  childNodes = []
  style = {}
  parentNode = null

  constructor(nodeType, nodeName, ownerDocument) {
    Object.assign(this, { nodeType, nodeName, tagName: nodeName, ownerDocument, namespaceURI: "http://www.w3.org/1999/xhtml" })
  }

  get firstChild() {
    return this.childNodes[0] ?? null
  }

  get lastChild() {
    return this.childNodes.at(-1) ?? null
  }

  get nextSibling() {
    const siblings = this.parentNode?.childNodes ?? []
    return siblings[siblings.indexOf(this) + 1] ?? null
  }

  get textContent() {
    return this.nodeType === 3 ? this.nodeValue : this.childNodes.map((each) => each.textContent).join("")
  }

  set textContent(text) {
    this.childNodes = []
    if (text) this.appendChild(this.ownerDocument.createTextNode(text))
  }

  appendChild(child) {
    return this.insertBefore(child, null)
  }

  insertBefore(child, before) {
    child.parentNode?.removeChild(child)
    child.parentNode = this
    this.childNodes.splice(before ? this.childNodes.indexOf(before) : this.childNodes.length, 0, child)
    return child
  }

  removeChild(child) {
    child.parentNode = null
    this.childNodes.splice(this.childNodes.indexOf(child), 1)
    return child
  }

  contains() {
    return false
  }

  addEventListener() {}
  removeEventListener() {}
  setAttribute() {}
  removeAttribute() {}
}

class FakeDocument extends FakeNode {
  constructor() {
    super(9, "#document", null)
    this.documentElement = new FakeNode(1, "HTML", this)
    this.body = this.activeElement = new FakeNode(1, "BODY", this)
    this.defaultView = globalThis
  }

  createElement(name) {
    return new FakeNode(1, name.toUpperCase(), this)
  }

  createElementNS(space, name) {
    return this.createElement(name)
  }

  createTextNode(text) {
    return Object.assign(new FakeNode(3, "#text", this), { nodeValue: text })
  }
}

/** Makes this process look like a browser to react-dom. Call it before react-dom is loaded. */
export function installDocument() {
  globalThis.window = globalThis
  globalThis.document = new FakeDocument()
  globalThis.HTMLIFrameElement = class {}
  globalThis.navigator ??= { userAgent: "node" }
  return document
}
