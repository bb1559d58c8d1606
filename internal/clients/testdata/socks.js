// Uses a SOCKS proxy with the packages socks and socks-proxy-agent:
//
//	socks.js agent PROXYURL URL           prints the page
//	socks.js connect HOST PORT TARGET     prints the page, with SOCKS 4a and 5, which must be the same
//	socks.js bind HOST PORT               prints the bound address and what the peer sends
//	socks.js udp HOST PORT TARGET TEXT    prints the echo of a datagram
'use strict';
const dgram = require('node:dgram');
const http = require('node:http');
const { SocksClient } = require('socks');

const [command, ...args] = process.argv.slice(2);
const proxy = (type) => ({ host: args[0], port: Number(args[1]), type });

function all(stream) {
	return new Promise((resolve, reject) => {
		const parts = [];
		stream.on('data', (part) => parts.push(part));
		stream.on('end', () => resolve(Buffer.concat(parts).toString()));
		stream.on('error', reject);
		stream.resume();
	});
}

function established(command, bound = () => {}) {
	return new Promise((resolve, reject) => {
		const client = new SocksClient({ proxy: proxy(5), command, destination: { host: '0.0.0.0', port: 0 } });
		client.on('bound', (info) => bound(info.remoteHost)).on('established', resolve).on('error', reject);
		client.connect();
	});
}

const commands = {
	async agent() {
		const { SocksProxyAgent } = require('socks-proxy-agent');
		const agent = new SocksProxyAgent(args[0]);
		const response = await new Promise((resolve, reject) => http.get(args[1], { agent }, resolve).on('error', reject));
		process.stdout.write(await all(response));
	},
	async connect() {
		const pages = [];
		for (const type of [4, 5]) {
			const { socket } = await SocksClient.createConnection({ proxy: proxy(type), command: 'connect', destination: { host: args[2], port: 80 } });
			socket.write(`GET / HTTP/1.0\r\nHost: ${args[2]}\r\n\r\n`);
			pages.push((await all(socket)).split('\r\n\r\n')[1]);
		}
		if (pages[0] !== pages[1]) throw new Error('the pages differ');
		process.stdout.write(pages[0]);
	},
	async bind() {
		const { socket, remoteHost } = await established('bind', (at) => console.log(`${at.host}:${at.port}`));
		console.log(remoteHost.host);
		console.log(await all(socket));
	},
	async udp() {
		const { socket, remoteHost } = await established('associate');
		const udp = dgram.createSocket('udp4');
		const echo = new Promise((resolve) => udp.once('message', resolve));
		udp.send(SocksClient.createUDPFrame({ remoteHost: { host: args[2], port: 7 }, data: Buffer.from(args[3]) }), remoteHost.port, remoteHost.host);
		const frame = SocksClient.parseUDPFrame(await echo);
		console.log(frame.remoteHost.host);
		console.log(frame.data.toString());
		udp.close();
		socket.destroy();
	},
};

commands[command]().catch((err) => {
	console.error(err);
	process.exitCode = 1;
});
