package audit

import (
	"maps"
	"slices"
)

// Rule is a kind of finding.
type Rule string

// The rules.
const (
	// What clients ask of the SOCKS port.
	IPLiteral      Rule = "ip-literal"      // an IP address in place of a name: the client looks names up itself
	SOCKS4         Rule = "socks4"          // SOCKS 4 without names, which makes clients look them up
	ClearnetName   Rule = "clearnet-name"   // a name outside I2P
	SharedIdentity Rule = "shared-identity" // programs that differ use one identity
	ReusedToken    Rule = "reused-token"    // one token goes to several hosts, which can link its visits

	// HTTP/1.
	HTTPReferer       Rule = "http-referer"
	HTTPForwarded     Rule = "http-forwarded" // who is behind the client, such as X-Forwarded-For
	HTTPUserAgent     Rule = "http-user-agent"
	HTTPLanguage      Rule = "http-language"
	HTTPFrom          Rule = "http-from"
	HTTPAuthorization Rule = "http-authorization" // NTLM and Negotiate, which name machine and user
	HTTPHost          Rule = "http-host"          // the Host header is not the host asked for

	// TLS.
	TLSServerName  Rule = "tls-server-name" // a name, in the clear, that is not the host asked for
	TLSFingerprint Rule = "tls-fingerprint" // JA4

	// SMTP.
	SMTPHello  Rule = "smtp-hello"
	SMTPHeader Rule = "smtp-header" // such as Received, X-Originating-IP, X-Mailer

	// IRC.
	IRCUser Rule = "irc-user"
	IRCCTCP Rule = "irc-ctcp" // an answer that names program or time
	IRCDCC  Rule = "irc-dcc"  // an offer that holds an address

	SSHBanner         Rule = "ssh-banner"
	BitTorrentPeer    Rule = "bittorrent-peer-id"
	BitTorrentAddress Rule = "bittorrent-address" // one told to peers or trackers, such as ip=
	XMPPAddress       Rule = "xmpp-address"       // "from" before encryption
	STUN              Rule = "stun"               // WebRTC asks what the own address is
	TimeZone          Rule = "time-zone"          // an offset from UTC
	SharedValue       Rule = "shared-value"       // two identities show the same cookie, ticket or name
	OwnAddress        Rule = "own-address"
	OwnHardware       Rule = "own-hardware-address"
	OwnHostName       Rule = "own-host-name"
	OwnUserName       Rule = "own-user-name"
	OwnTimeZoneName   Rule = "own-time-zone"
)

// Severity returns the severity of the rule's findings, and Note for an unknown rule.
func (r Rule) Severity() Severity { return rules[r].severity }

// Advice returns one sentence on how to configure a client.
func (r Rule) Advice() string { return rules[r].advice }

// Rules returns all rules in the order of their names.
func Rules() []Rule { return slices.Sorted(maps.Keys(rules)) }

type rule struct {
	severity Severity
	advice   string
}

var rules = map[Rule]rule{
	IPLiteral:      {Leak, "Let the proxy look names up: socks5h:// in place of socks5://, SOCKS 4a in place of 4, or \"remote DNS\"."},
	SOCKS4:         {Warning, "Use SOCKS 5 or 4a with names looked up by the proxy, as SOCKS 4 knows addresses only."},
	ClearnetName:   {Warning, "Turn off updates, telemetry and whatever else asks for sites outside I2P, or set the client's other traffic apart."},
	SharedIdentity: {Warning, "Give each program a user name of its own at the SOCKS port."},
	ReusedToken:    {Note, "Give each site a user name of its own at the SOCKS port, if its visits must not be linked with those of others."},

	HTTPReferer:       {Warning, "Switch referrers off, for example network.http.sendRefererHeader = 0 in Firefox."},
	HTTPForwarded:     {Leak, "Stop the proxy in between, or the client, from telling whom it works for."},
	HTTPUserAgent:     {Note, "Set the User-Agent that I2P's own HTTP proxy gives to every browser: MYOB/6.66 (AN/ON)."},
	HTTPLanguage:      {Warning, "Set the client's languages to none or en-US,en."},
	HTTPFrom:          {Leak, "Take the From header out of the client's settings."},
	HTTPAuthorization: {Leak, "Turn integrated authentication (NTLM, Negotiate) off."},
	HTTPHost:          {Note, "Ask the proxy for the host that the URL names."},

	TLSServerName:  {Warning, "Ask the proxy for the name that the certificate is for, or switch the server name indication off."},
	TLSFingerprint: {Note, "Use a client whose TLS settings many others have, such as Tor Browser's."},

	SMTPHello:  {Leak, "Set the name that the mail program says to localhost or [127.0.0.1]."},
	SMTPHeader: {Leak, "Make the mail program leave out Received, X-Originating-IP, User-Agent and X-Mailer, or send through one that does."},

	IRCUser: {Warning, "Set user name and real name in the IRC client; it takes those of the system otherwise."},
	IRCCTCP: {Warning, "Tell the IRC client to ignore CTCP."},
	IRCDCC:  {Leak, "Turn DCC off in the IRC client."},

	SSHBanner:         {Note, "Use a client whose banner names neither version nor distribution; that of OpenSSH cannot be changed."},
	BitTorrentPeer:    {Note, "Use a BitTorrent client with an anonymous mode, or one made for I2P."},
	BitTorrentAddress: {Leak, "Clear the address that the client tells trackers, and turn its anonymous mode on."},
	XMPPAddress:       {Warning, "Let the client send its address only after encryption has begun."},
	STUN:              {Leak, "Switch WebRTC off, for example media.peerconnection.enabled = false in Firefox."},
	TimeZone:          {Warning, "Run the client with TZ=UTC."},
	SharedValue:       {Warning, "Keep a profile of its own, with cookies, sessions and names, for each identity."},
	OwnAddress:        {Leak, "Find out why the client knows this machine's address, and run it where there is none, as examples/run does."},
	OwnHardware:       {Leak, "Run the client where it cannot see the network cards, as examples/run does."},
	OwnHostName:       {Leak, "Run the client with another host name, as examples/run does."},
	OwnUserName:       {Leak, "Run the client as a user whose name says nothing."},
	OwnTimeZoneName:   {Leak, "Run the client with TZ=UTC."},
}
