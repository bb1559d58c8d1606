package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQuotable(t *testing.T) {
	for words, want := range map[string]string{
		"":                   "",
		"Can't reach peer":   "Can't reach peer",
		"Zeitüberschreitung": "Zeitüberschreitung",
		"key " + strings.Repeat("aB-~", 10) + ", no": "key ..., no",
		"\x1b[2Jgone\r\nlevel=ERROR\x00":             "?[2Jgone??level=ERROR?",
		"\u202egnp.exe\xff":                          "?gnp.exe\ufffd",
		strings.Repeat("word ", 100):                 strings.Repeat("word ", 40) + "...",
		"x" + strings.Repeat("ü", 200):               "x" + strings.Repeat("ü", 99) + "...",
	} {
		assert.Equal(t, want, Quotable(words))
	}
}
