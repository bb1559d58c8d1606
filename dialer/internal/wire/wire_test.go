package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		line string
		want Message
	}{
		"hello":            {"HELLO REPLY RESULT=OK VERSION=3.3", Message{Verb: "HELLO", Action: "REPLY", Params: []Param{{"RESULT", "OK"}, {"VERSION", "3.3"}}}},
		"line end":         {"STREAM STATUS RESULT=OK\r\n", Message{Verb: "STREAM", Action: "STATUS", Params: []Param{{"RESULT", "OK"}}}},
		"quoted message":   {`STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="LeaseSet not found"`, Message{Verb: "STREAM", Action: "STATUS", Params: []Param{{"RESULT", "CANT_REACH_PEER"}, {"MESSAGE", "LeaseSet not found"}}}},
		"escape":           {`X Y A="a\"b\\c"`, Message{Verb: "X", Action: "Y", Params: []Param{{"A", `a"b\c`}}}},
		"padding":          {"NAMING REPLY RESULT=OK VALUE=abc==", Message{Verb: "NAMING", Action: "REPLY", Params: []Param{{"RESULT", "OK"}, {"VALUE", "abc=="}}}},
		"unquoted blank":   {"NAMING REPLY RESULT=KEY_NOT_FOUND NAME=a b.i2p", Message{Verb: "NAMING", Action: "REPLY", Params: []Param{{"RESULT", "KEY_NOT_FOUND"}, {"NAME", "a"}}}},
		"option":           {`NAMING REPLY OPTION:k="v w"`, Message{Verb: "NAMING", Action: "REPLY", Params: []Param{{"OPTION:k", "v w"}}}},
		"ping":             {"PING  a=b c", Message{Verb: "PING", Text: " a=b c"}},
		"bare pong":        {"PONG", Message{Verb: "PONG"}},
		"one word":         {"FOO", Message{Verb: "FOO"}},
		"no action":        {"SESSION RESULT=OK", Message{Verb: "SESSION", Params: []Param{{"RESULT", "OK"}}}},
		"empty value":      {"A B C= D=e", Message{Verb: "A", Action: "B", Params: []Param{{"C", ""}, {"D", "e"}}}},
		"first of two":     {"A B C=1 C=2", Message{Verb: "A", Action: "B", Params: []Param{{"C", "1"}, {"C", "2"}}}},
		"many blanks":      {"A  B\tC=1   ", Message{Verb: "A", Action: "B", Params: []Param{{"C", "1"}}}},
		"trailing garbage": {"A B C=\"x\"y", Message{Verb: "A", Action: "B", Params: []Param{{"C", "x"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tc.line)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
	for _, line := range []string{"", "\n", " HELLO", "A\nB C", `A B C="open`, `A B C="open\`} {
		_, err := Parse(line)
		assert.ErrorIs(t, err, ErrMalformed, "%q", line)
	}
}

func TestAppendCommandRefuses(t *testing.T) {
	word := func(v string) Message {
		return Message{Verb: "NAMING", Action: "LOOKUP", Params: []Param{{"NAME", v}}}
	}
	for name, m := range map[string]Message{
		"empty value":    word(""),
		"space":          word("a b"),
		"newline":        word("a.i2p\nSESSION CREATE"),
		"return":         word("a\r"),
		"tab":            word("a\tb"),
		"nul":            word("a\x00"),
		"quote":          word(`"a"`),
		"backslash":      word(`a\b`),
		"not ASCII":      word("é.i2p"),
		"delete":         word("a\x7f"),
		"too long":       word(strings.Repeat("a", MaxCommand)),
		"empty verb":     {Action: "LOOKUP"},
		"no action":      {Verb: "NAMING"},
		"verb injection": {Verb: "NAMING LOOKUP", Action: "X"},
		"key injection":  {Verb: "A", Action: "B", Params: []Param{{"C=1 D", "2"}}},
		"duplicate key":  {Verb: "A", Action: "B", Params: []Param{{"C", "1"}, {"C", "1"}}},
		"pong newline":   {Verb: "PONG", Text: "a\nb"},
		"text elsewhere": {Verb: "A", Action: "B", Text: "c"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AppendCommand([]byte("before"), m)
			assert.ErrorIs(t, err, ErrCommand)
			assert.Equal(t, "before", string(got))
		})
	}
}

func TestAppendCommand(t *testing.T) {
	b, err := AppendCommand(nil, Message{Verb: "STREAM", Action: "CONNECT", Params: []Param{{"ID", "ab"}, {"DESTINATION", "x=="}}})
	require.NoError(t, err)
	assert.Equal(t, "STREAM CONNECT ID=ab DESTINATION=x==\n", string(b))
	b, err = AppendCommand(nil, Message{Verb: "PONG", Text: "1700000000 x"})
	require.NoError(t, err)
	assert.Equal(t, "PONG 1700000000 x\n", string(b))

	longest := Message{Verb: "A", Action: "B", Params: []Param{{"C", strings.Repeat("a", MaxCommand-len("A B C=\n"))}}}
	b, err = AppendCommand(nil, longest)
	require.NoError(t, err)
	assert.Len(t, b, MaxCommand)
}

func TestAppendReply(t *testing.T) {
	got := AppendReply(nil, Message{Verb: "SESSION", Action: "STATUS", Params: []Param{{"RESULT", "I2P_ERROR"}, {"MESSAGE", "a \"b\"\nc"}}})
	assert.Equal(t, "SESSION STATUS RESULT=I2P_ERROR MESSAGE=\"a bc\"\n", string(got))
	assert.Equal(t, "PING 12\n", string(AppendReply(nil, Message{Verb: "PING", Text: "12"})))
}

// FuzzParse wants that any line parses or fails without a panic, that what parses and can be
// written as a command reads back the same, and that a command is always exactly one line.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"HELLO REPLY RESULT=OK VERSION=3.3", `SESSION STATUS RESULT=I2P_ERROR MESSAGE="a \"b\" c"`,
		"STREAM CONNECT ID=1 DESTINATION=a.b32.i2p", "PING a b", "PONG", `A B C="`, "A B C= D", "\x00=\x00", " ",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := Parse(line)
		if err != nil {
			return
		}
		again, err := Parse(string(AppendReply(nil, m)))
		if err == nil && again.Verb != m.Verb {
			t.Fatalf("reply of %+v reads as %+v", m, again)
		}
		b, err := AppendCommand(nil, m)
		if err != nil {
			return
		}
		if n := strings.Count(string(b), "\n"); n != 1 || len(b) > MaxCommand || b[len(b)-1] != '\n' {
			t.Fatalf("command %q is not one short line", b)
		}
		if again, err = Parse(string(b)); err != nil || !assert.ObjectsAreEqual(m, again) {
			t.Fatalf("command of %+v reads as %+v (%v)", m, again, err)
		}
	})
}
