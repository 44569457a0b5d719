// SPDX-License-Identifier: MIT
// Reads a minified module, and renames its variables and private properties so that gzip makes less of
// it. It tries names at random, always in the same order, and keeps those that help; at the beginning
// also some that do not, so that it does not end at the first good result (simulated annealing).
// Prints the module. `build` uses it: `rename.cjs NAMES KEY TRIALS`. That takes minutes; so the file
// NAMES has the result under KEY, with the hash of the module that it belongs to. Without TRIALS, a
// module without a result stays as it is.

const { createHash } = require("node:crypto")
const { existsSync, readFileSync, writeFileSync } = require("node:fs")
const { deflateRawSync } = require("node:zlib")
const ts = require("typescript")

const [, , path, key, trials = 0] = process.argv
/**
 * The rounds of the search, each of which begins with the last one's result: the temperature at its
 * beginning, which is how many bytes a name may cost, and its share of the trials.
 */
const rounds = [[0.5, 1], [0.15, 0.5]]
/** How many of 100 names to try are a neighbour's. */
const neighbourShare = 35
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

let seed
const random = (limit) => (seed = seed * 48271 % 2147483647) % limit

/** For each thing: those that stand between the same characters, at each of its places. */
const neighbours = new Map(list.map((thing) => [thing, []])), groups = new Map
spots.forEach(({ thing }, index) => {
  const context = pieces[index].slice(-2) + "|" + (pieces[index + 1] ?? "").slice(0, 2)
  if (!groups.has(context)) groups.set(context, [])
  groups.get(context).push(thing)
  neighbours.get(thing).push(groups.get(context))
})

/** A name to try: that of a neighbour, since gzip finds equal pieces, or any. */
const propose = (thing) => {
  if (random(100) >= neighbourShare) return letters[random(letters.length)]
  const groups = neighbours.get(thing), group = groups[random(groups.length)]
  return group[random(group.length)].name
}

/**
 * Gives a thing a name, and those that have the name and are in the way the thing's old one. Returns the
 * function that takes it back, or nothing if that is not possible.
 */
const rename = (one, name) => {
  const before = one.name
  if (name == before || name.length > 1 || one.isFixed || one.scope && foreign.has(name)) return
  const others = one.rivals.filter((rival) => rival.name == name)
  const isTaken = (other) => other.rivals.some((rival) => rival.name == before && rival != one && !others.includes(rival))
  if (others.some((other) => other.isFixed || other.scope && foreign.has(before) || isTaken(other) || others.some((each) => other.rivals.includes(each)))) return
  one.name = name
  for (const other of others) other.name = before
  return () => {
    one.name = before
    for (const other of others) other.name = name
  }
}

const setNames = (names) => names.forEach((name, index) => { list[index].name = name })

/** Tries names, and keeps the best. `hottest` is the temperature at the beginning. */
const search = (hottest, trials) => {
  let now = size(), best = now, names = list.map(({ name }) => name)
  for (let trial = 0; trial < trials; trial++) {
    const one = list[random(list.length)], undo = rename(one, propose(one))
    if (!undo) continue
    const before = now
    now = size()
    if (now > before && Math.exp((before - now) / hottest / (1 - trial / trials)) * 1e6 <= random(1e6)) {
      undo()
      now = before
    }
    if (now < best) {
      best = now
      names = list.map(({ name }) => name)
    }
  }
  setNames(names)
}

const isKnown = results[key]?.hash == hash
if (isKnown) setNames(results[key].names.split(" "))
else if (trials) {
  rounds.forEach(([hottest, share], round) => {
    seed = 4242 + round
    search(hottest, share * trials)
  })
  results[key] = { hash, names: list.map(({ name }) => name).join(" ") }
  writeFileSync(path, JSON.stringify(results, null, 1) + "\n")
}
process.stdout.write(text())
