// A jspurefix session driven by JSON lines: each line on stdin is a message to send, each message
// that the venue sends is a line on stdout, both by tag. Usage: node client.js PORT NAME
'use strict'
require('reflect-metadata')
const readline = require('readline')
const { AsciiSession, EmptyLogFactory, SessionLauncher } = require('jspurefix')

const SESSION_TYPES = new Set(['0', '1', '2', '4', '5', 'A'])
const TEXTS = {
  11: 'ClOrdID', 41: 'OrigClOrdID', 54: 'Side', 40: 'OrdType', 59: 'TimeInForce',
  18: 'ExecInst', 15: 'Currency'
}
const NUMBERS = { 44: 'Price', 99: 'StopPx' }
const QUANTITIES = { 38: 'OrderQty', 152: 'CashOrderQty' }

function say (line) {
  process.stdout.write(JSON.stringify(line) + '\n')
}

// By tag, to the names that jspurefix takes from its own dictionary.
function message (fields) {
  const body = { Instrument: { Symbol: fields[55] }, OrderQtyData: {} }
  if (fields[35] !== 'H') body.TransactTime = new Date()
  for (const [tag, value] of Object.entries(fields)) {
    if (tag in TEXTS) body[TEXTS[tag]] = value
    if (tag in NUMBERS) body[NUMBERS[tag]] = Number(value)
    if (tag in QUANTITIES) body.OrderQtyData[QUANTITIES[tag]] = Number(value)
  }
  if (fields[97]) body.StandardHeader = { PossResend: true }
  return body
}

class Stranger extends AsciiSession {
  onReady () {
    say({ 35: 'A' })
    const lines = readline.createInterface({ input: process.stdin })
    lines.on('line', line => {
      const fields = JSON.parse(line)
      this.send(fields[35], message(fields))
    })
    lines.on('close', () => this.done())
  }

  onDecoded (type, text) {
    if (SESSION_TYPES.has(type)) return
    const pairs = text.split('\x01').filter(one => one.includes('='))
    say(Object.fromEntries(pairs.map(one => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)])))
  }

  onEncoded () {}
  onApplicationMsg () {}
  onLogon () { return true }
  onStopped () { process.exit(0) }
}

class Launcher extends SessionLauncher {
  makeFactory (config) {
    config.logDelimiter = 1
    return { makeSession: () => new Stranger(config) }
  }
}

const [port, name] = process.argv.slice(2)
const description = {
  application: {
    type: 'initiator',
    name: 'stranger',
    reconnectSeconds: 5,
    tcp: { host: '127.0.0.1', port: Number(port) },
    protocol: 'ascii',
    dictionary: 'qf44'
  },
  EncryptMethod: 0,
  ResetSeqNumFlag: true,
  HeartBtInt: 30,
  SenderCompId: name,
  TargetCompID: 'XSIM',
  BeginString: 'FIX.4.4'
}
new Launcher(description, null, new EmptyLogFactory()).run().then(() => process.exit(0))
