// SPDX-License-Identifier: MIT
// Reads a minified module, and renames its variables and private properties so that gzip makes less of it: it tries names, in
// an order that is the same each time, and keeps those that help. Prints the module. `build` uses it:
// `rename.cjs NAMES KEY TRIALS`. That takes a minute; so the file NAMES has the result under KEY, with the hash of the module
// that it belongs to. Without TRIALS, a module without a result stays as it is.

const { createHash } = require("node:crypto")
const { existsSync, readFileSync, writeFileSync } = require("node:fs")
const { deflateRawSync } = require("node:zlib")
const ts = require("typescript")

const [, , path, key, trials = 0] = process.argv
const letters = [..."etnraisolucdpmhgfybvwkETSAxMODCPLRIjNFBUHGWVqzJKYQXZ$"]

const code = readFileSync(0, "utf8"), hash = createHash("sha256").update(code).digest("hex")
const results = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}
const file = ts.createSourceFile("module.js", code, ts.ScriptTarget.ES2021, true)
const program = ts.createProgram(["module.js"], { allowJs: true, noLib: true, noResolve: true, target: ts.ScriptTarget.ES2021 }, {
  ...ts.createCompilerHost({}), getSourceFile: (name) => name == "module.js" ? file : undefined,
})
const checker = program.getTypeChecker()

/** The variables, and the private properties: their name, where it is written, and, of a variable, where it is visible. */
const things = new Map
/** Names that the module does not declare. */
const foreign = new Set
/** The keys of things that keep their names. */
const fixed = []

const isFunction = (node) => ts.isFunctionLike(node) || ts.isCatchClause(node)
const scopeOf = (node) => {
  do node = node.parent
  while (!isFunction(node) && !ts.isBlock(node) && !ts.isIterationStatement(node, false) && !ts.isSourceFile(node))
  // The declarations of a function's body may not have the names of its parameters.
  return ts.isBlock(node) && isFunction(node.parent) ? node.parent : node
}

const add = (key, node, scope) => {
  if (!things.has(key)) things.set(key, { name: node.text, places: [], scope })
  things.get(key).places.push(node.getStart())
}

const visit = (node) => {
  ts.forEachChild(node, visit)
  if (!ts.isIdentifier(node)) return
  const { parent } = node
  const isProperty = parent.name == node && (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent))
    || parent.propertyName == node && ts.isBindingElement(parent)
  if (isProperty) return node.text.length == 1 && node.text != "_" && add("." + node.text, node)
  if (ts.isExportSpecifier(parent) && parent.propertyName != node) return
  const isShort = ts.isShorthandPropertyAssignment(parent)
  const symbol = isShort ? checker.getShorthandAssignmentValueSymbol(parent)
    : ts.isExportSpecifier(parent) ? checker.getExportSpecifierLocalTargetSymbol(parent) : checker.getSymbolAtLocation(node)
  // What is a variable and a property at once keeps its name.
  if (isShort || ts.isBindingElement(parent) && !parent.propertyName && ts.isObjectBindingPattern(parent.parent)) fixed.push(symbol, "." + node.text)
  const declaration = symbol?.valueDeclaration
  if (!declaration || declaration.getSourceFile() != file) foreign.add(node.text)
  else add(symbol, node, scopeOf(declaration))
}
visit(file)

for (const key of fixed) if (things.has(key)) things.get(key).isFixed = true
const list = [...things.values()]
const isWithin = (place, { pos, end }) => place >= pos && place < end
/** True if two things may not have the same name. */
const clash = (one, other) => {
  if (!one.scope || !other.scope) return !one.scope && !other.scope
  if (one.scope == other.scope) return true
  return isWithin(other.scope.getStart(), one.scope) && one.places.some((place) => isWithin(place, other.scope))
    || isWithin(one.scope.getStart(), other.scope) && other.places.some((place) => isWithin(place, one.scope))
}
for (const one of list) one.rivals = list.filter((other) => other != one && clash(one, other))

const spots = list.flatMap((thing) => thing.places.map((place) => ({ place, thing, length: thing.name.length }))).sort((a, b) => a.place - b.place)
let last = 0
const pieces = spots.map(({ place, length }) => {
  const piece = code.slice(last, place)
  last = place + length
  return piece
})
const text = () => spots.map(({ thing }, index) => pieces[index] + thing.name).join("") + code.slice(last)
const size = () => deflateRawSync(text(), { level: 9 }).length

let seed = 1
const random = (limit) => (seed = seed * 48271 % 2147483647) % limit

const isKnown = results[key]?.hash == hash
if (isKnown) results[key].names.split(" ").forEach((name, index) => { list[index].name = name })
let best = size()
for (let trial = 0; trial < trials && !isKnown; trial++) {
  const one = list[random(list.length)], before = one.name, name = letters[random(letters.length)]
  if (name == before || one.isFixed || one.scope && foreign.has(name)) continue
  // Those that have the name and are in the way get this one's.
  const others = one.rivals.filter((rival) => rival.name == name)
  one.name = name
  for (const other of others) other.name = before
  const isValid = !others.some((other) => other.isFixed || other.rivals.some((rival) => rival.name == before && !others.includes(rival)) || others.some((each) => each != other && other.rivals.includes(each)))
  const now = isValid ? size() : Infinity
  if (now <= best) best = now
  else {
    one.name = before
    for (const other of others) other.name = name
  }
}
if (trials) {
  results[key] = { hash, names: list.map(({ name }) => name).join(" ") }
  writeFileSync(path, JSON.stringify(results, null, 1) + "\n")
}
process.stdout.write(text())
