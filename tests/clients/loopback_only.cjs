// Loaded into every Node process of these tests: connections to anything but this machine end in an error.
const net = require('node:net');

const connect = net.Socket.prototype.connect;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : typeof given[0] === 'object' ? given[0] : { port: given[0], host: given[1] };
  const host = options.host ?? 'localhost';
  if (options.path === undefined && !LOOPBACK.has(host)) {
    process.nextTick(() => this.destroy(Object.assign(new Error(`kept on this machine: ${host}`), { code: 'ECONNREFUSED' })));
    return this;
  }
  return connect.apply(this, given);
};
