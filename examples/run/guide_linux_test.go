package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks/audit"
)

var update = flag.Bool("update", false, "write the table of programs into the guide")

const guide = "../../docs/clients.md"

// The ways by which a program comes to I2P.
const (
	byProxy = "through the proxy"
	carried = "directly, forwarded to I2P"
	fails   = "not at all"
)

// trial is a way to run a program, and what is seen of it.
type trial struct {
	args   []string // {web} and the like stand for hosts, {wait} and {long wait} for seconds
	way    string
	direct []string // protocols by which it tries to reach the clear net
	rules  []audit.Rule
}

// audited is a program of the guide.
type audited struct {
	name   string
	needs  string   // the program, if it is called otherwise
	flags  []string // of run
	usual  trial
	better trial // with the settings that help; none if there are no arguments
	remark string
}

const commonAgent = "MYOB/6.66 (AN/ON)"

func sh(script string) []string { return []string{"sh", "-c", script} }

const chromium = `chromium --headless --no-sandbox --disable-gpu --user-data-dir=$(mktemp -d) `

var guided = []audited{
	{name: "curl",
		usual:  trial{[]string{"curl", "http://{web}/"}, byProxy, nil, []audit.Rule{audit.HTTPUserAgent}},
		better: trial{[]string{"curl", "-A", commonAgent, "http://{web}/"}, byProxy, nil, nil}},
	{name: "wget",
		usual:  trial{[]string{"wget", "-O-", "http://{web}/"}, fails, nil, nil},
		better: trial{[]string{"wget", "-O-", "--no-proxy", "-U", commonAgent, "http://{web}/"}, carried, nil, nil},
		remark: "It does not support SOCKS, and says so."},
	{name: "git",
		usual: trial{[]string{"git", "ls-remote", "http://{web}/repo.git"}, byProxy, nil, []audit.Rule{audit.HTTPLanguage, audit.HTTPUserAgent}},
		better: trial{[]string{"env", "LANGUAGE=en_US", "LC_ALL=en_US.UTF-8", "git", "-c", "http.userAgent=" + commonAgent,
			"ls-remote", "http://{web}/repo.git"}, byProxy, nil, nil},
		remark: "Commits contain a name, an address and a time zone, which are sent."},
	{name: "ssh",
		usual: trial{[]string{"ssh", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", "{ssh}"}, carried, nil, []audit.Rule{audit.SSHBanner}},
		remark: "The banner names version and distribution and cannot be changed. Offered keys link identities: use " +
			"IdentitiesOnly=yes, and one key for each identity."},
	{name: "Python", needs: "/usr/bin/python3",
		usual: trial{[]string{"/usr/bin/python3", "-c", `import urllib.request as r; r.urlopen("http://{web}/")`}, fails, nil, nil},
		better: trial{[]string{"/usr/bin/python3", "-c", `import urllib.request as r; o = r.build_opener(r.ProxyHandler({})); ` +
			`o.addheaders = [("User-Agent", "` + commonAgent + `")]; o.open("http://{web}/")`}, carried, nil, nil},
		remark: "urllib does not support SOCKS. With PySocks, requests does."},
	{name: "Node", needs: "node",
		usual: trial{[]string{"node", "-e", `fetch("http://{web}/").then(r => r.text())`}, carried, nil, []audit.Rule{audit.HTTPUserAgent}},
		better: trial{[]string{"node", "-e", `fetch("http://{web}/", {headers: {"user-agent": "` + commonAgent + `"}}).then(r => r.text())`},
			carried, nil, nil},
		remark: "fetch ignores proxy variables."},
	{name: "apt", needs: "/usr/lib/apt/apt-helper",
		usual: trial{[]string{"/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=", "download-file", "http://{web}/", "/dev/null"},
			byProxy, nil, []audit.Rule{audit.HTTPUserAgent}},
		better: trial{[]string{"/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=", "-o", "Acquire::http::User-Agent=" + commonAgent,
			"download-file", "http://{web}/", "/dev/null"}, byProxy, nil, nil},
		remark: "It cannot switch to its own user under run."},
	{name: "msmtp",
		usual: trial{sh(`printf 'Subject: hi\n\nhello\n' | msmtp --host={mail} --port=25 --from=me@mail.i2p you@mail.i2p`), carried, nil, nil}},
	{name: "swaks",
		usual: trial{[]string{"swaks", "--server", "{mail}", "--to", "you@mail.i2p", "--from", "me@mail.i2p"}, carried, nil, []audit.Rule{audit.SMTPHeader}},
		better: trial{[]string{"swaks", "--server", "{mail}", "--to", "you@mail.i2p", "--from", "me@mail.i2p", "--helo", "localhost",
			"--header-X-Mailer", "", "--header-Message-Id", "<1@mail.i2p>"}, carried, nil, nil},
		remark: "Without run it sends the host name in EHLO and Message-Id."},
	{name: "WeeChat", needs: "weechat-headless",
		usual: trial{[]string{"weechat-headless", "-t", "-r", "/server add x {irc}/6667 -notls;/connect x;/wait {wait} /quit"}, carried, nil,
			[]audit.Rule{audit.IRCCTCP, audit.IRCUser}},
		better: trial{[]string{"weechat-headless", "-t", "-r", `/set irc.ctcp.version "";/set irc.ctcp.time "";/server add x {irc}/6667 -notls ` +
			`-username=i2p -realname=i2p;/connect x;/wait {wait} /quit`}, carried, nil, nil},
		remark: "Set the other irc.ctcp.* options to an empty value as well."},
	{name: "Irssi", needs: "irssi",
		usual:  trial{sh(`script -qec 'timeout --foreground {wait} irssi --home=$(mktemp -d) -c {irc} -p 6667' /dev/null`), carried, nil, []audit.Rule{audit.IRCUser}},
		better: trial{sh(`IRCUSER=i2p IRCNAME=i2p script -qec 'timeout --foreground {wait} irssi --home=$(mktemp -d) -c {irc} -p 6667' /dev/null`), carried, nil, nil}},
	{name: "aria2", needs: "aria2c",
		usual: trial{[]string{"timeout", "{wait}", "aria2c", "--enable-dht=false", "-d", "/tmp",
			"magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&tr=http://{tracker}/announce"}, carried, nil,
			[]audit.Rule{audit.BitTorrentPeer, audit.HTTPUserAgent}},
		better: trial{[]string{"timeout", "{wait}", "aria2c", "--enable-dht=false", "-d", "/tmp", "--peer-id-prefix=", "--user-agent=" + commonAgent,
			"magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&tr=http://{tracker}/announce"}, carried, nil, nil},
		remark: "With DHT enabled it also contacts clearnet hosts."},
	{name: "Chromium", needs: "chromium", flags: []string{"-unix"},
		usual: trial{sh(chromium + `--dump-dom http://{web}/`), fails, nil, nil},
		better: trial{sh(chromium + `--proxy-server=${ALL_PROXY%%h:*}${ALL_PROXY#*h} --user-agent='` + commonAgent + `' --disable-background-networking ` +
			`--disable-component-update --disable-sync --no-first-run --dump-dom http://{web}/`), byProxy, nil, []audit.Rule{audit.ClearnetName}},
		remark: "It treats the port as an HTTP proxy unless configured. It needs unix sockets, and contacts hosts of its vendor with any settings."},
	{name: "Firefox", needs: "firefox-esr",
		usual: trial{sh(`HOME=$(mktemp -d) timeout {long wait} firefox-esr --headless http://{web}/`), carried, []string{"DNS"}, []audit.Rule{audit.HTTPUserAgent}},
		remark: "It does not understand socks5h in the environment, so set it up as docs/browsers.md says. At start it contacts " +
			"some ten hosts of its vendor and others; network.proxy.socks_remote_dns, network.captive-portal-service.enabled, " +
			"network.connectivity-service.enabled, network.trr.mode 5, app.normandy.enabled, browser.region.network.url and " +
			"media.peerconnection.enabled are the settings to review."},
}

// waits are the seconds for programs that do not end by themselves: those of the guide, and those for busy machines.
var waits = []*strings.Replacer{
	strings.NewReplacer("{wait}", "5", "{long wait}", "20"),
	strings.NewReplacer("{wait}", "60", "{long wait}", "120"),
}

// plain is the environment that the guide was written in, whoever runs the tests.
var plain = []string{"LANG=C.UTF-8", "LANGUAGE=", "LC_ALL=", "LC_MESSAGES=", "TERM=xterm", "SHELL=/bin/sh", "XDG_CONFIG_HOME="}

// check runs a trial, and compares with what was seen. What takes its time on a busy machine gets more of it.
func (g *guideWorld) check(t *testing.T, a audited, want trial) {
	t.Helper()
	var seen trial
	for _, wait := range waits {
		seen = g.observe(t, a, want.args, wait)
		if assert.ObjectsAreEqual(want, seen) {
			return
		}
	}
	assert.Equal(t, want, seen)
}

// observe runs a trial, and returns what was seen.
func (g *guideWorld) observe(t *testing.T, a audited, args []string, wait *strings.Replacer) trial {
	t.Helper()
	g.reached.Store(0)
	home := t.TempDir()
	r := g.run(t, nil, slices.Concat(plain, []string{"HOME=" + home, "TMPDIR=" + home}), slices.Concat(a.flags, []string{"-reveal", "--"}, g.fill(args, wait))...)
	seen := trial{args: args, way: fails}
	switch {
	case r.Carried > 0:
		seen.way = carried
	case g.reached.Load() > 0:
		seen.way = byProxy
	}
	for _, d := range r.Direct {
		seen.direct = append(seen.direct, d.Protocol)
	}
	seen.direct = slices.Compact(seen.direct)
	for _, f := range r.Findings {
		seen.rules = append(seen.rules, f.Rule)
	}
	slices.Sort(seen.rules)
	seen.rules = slices.Compact(seen.rules)
	return seen
}

// TestGuide runs the programs that are here, and compares with the guide.
func TestGuide(t *testing.T) {
	needNamespaces(t)
	for _, a := range guided {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			g := newGuideWorld(t)
			if _, err := exec.LookPath(a.program()); err != nil {
				t.Skip(err)
			}
			g.check(t, a, a.usual)
			if len(a.better.args) > 0 {
				g.check(t, a, a.better)
			}
		})
	}
}

func (a audited) program() string {
	if a.needs != "" {
		return a.needs
	}
	return a.name
}

// TestGuideIsWritten compares the table of the guide with the one here.
func TestGuideIsWritten(t *testing.T) {
	b, err := os.ReadFile(guide)
	require.NoError(t, err)
	const begin, end = "<!-- audited -->\n", "<!-- end -->\n"
	head, rest, _ := strings.Cut(string(b), begin)
	_, tail, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := head + begin + "\n" + guideTable() + "\n" + end + tail
	if *update {
		require.NoError(t, os.WriteFile(guide, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(b), "go test -run TestGuideIsWritten -update")
}

func guideTable() string {
	var b strings.Builder
	names := strings.NewReplacer("{web}", "stats.i2p", "{ssh}", "host.i2p", "{mail}", "smtp.postman.i2p", "{irc}", "irc.postman.i2p", "{tracker}", "tracker2.postman.i2p")
	write := func(a audited, what string, tr trial) {
		if len(tr.args) == 0 {
			return
		}
		fmt.Fprintf(&b, "%s:\n\n```sh\nrun %s\n```\n\n", what, names.Replace(waits[0].Replace(shell(slices.Concat(a.flags, []string{"--"}, tr.args)))))
		fmt.Fprintf(&b, "reaches I2P %s; reveals: %s", tr.way, list(tr.rules))
		if len(tr.direct) > 0 {
			fmt.Fprintf(&b, "; attempts to reach the clearnet by %s", strings.Join(tr.direct, ", "))
		}
		b.WriteString(".\n\n")
	}
	for _, a := range guided {
		fmt.Fprintf(&b, "### %s\n\n", a.name)
		if a.remark != "" {
			fmt.Fprintf(&b, "%s\n\n", a.remark)
		}
		write(a, "Default settings", a.usual)
		write(a, "Recommended settings", a.better)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func list(rules []audit.Rule) string {
	if len(rules) == 0 {
		return "nothing found"
	}
	words := make([]string, len(rules))
	for i, r := range rules {
		words[i] = fmt.Sprintf("`%s` (%s)", r, r.Severity())
	}
	return strings.Join(words, ", ")
}

// shell quotes words as a shell reads them.
func shell(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool {
			return !strings.ContainsRune("-+./:=_@{}", r) && !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
		}) {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		quoted[i] = w
	}
	return strings.Join(quoted, " ")
}
