package audit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMailsWithoutHeaders: a mail that is complete is not withheld, since its client waits for the answer.
func TestMailsWithoutHeaders(t *testing.T) {
	for _, mail := range []string{"Subject: x\r\n\r\nhi\r\n.\r\n", "Subject: x\r\n.\r\n", "Subject: x\n.\n", "\r\nhi\r\n.\r\n", "\r\n.\r\n", ".\r\n"} {
		a := &Auditor{Machine: &machine, Fatal: func(f Finding) bool { return f.Severity == Leak }}
		o := observe(t, a, "", "mail.i2p")
		for _, sent := range []string{"EHLO localhost\r\n", "MAIL FROM:<a@b>\r\n", "DATA\r\n", mail, "QUIT\r\n"} {
			hold, _, err := o.Sent([]byte(sent), false)
			require.NoError(t, err)
			assert.False(t, hold, "%q of %q", sent, mail)
		}
		_, _, err := o.Sent([]byte("EHLO laptop.example\r\n"), false)
		assert.ErrorIs(t, err, ErrFatal, "commands are understood again behind %q", mail)
	}
}
