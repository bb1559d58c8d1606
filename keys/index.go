package keys

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// index tells which files an encrypted directory has, and what is in them, so that none can be
// swapped, put back, added or removed. It stands in indexName, in the clear, with a code that is made with a key from
// sealedName: it costs no work of the Sealer.
type index struct {
	key   [32]byte
	bad   error           // why nothing is known, if it is not
	Files map[string]sum  `json:"files"`
	Next  map[string]fate `json:"next,omitempty"` // what is about to become of some of them
}

// sum is the SHA-256 of a file in hexadecimal, "" for no file.
type sum string

func sumOf(b []byte) sum {
	h := sha256.Sum256(b)
	return sum(hex.EncodeToString(h[:]))
}

// fate is what a file has before a change and after it.
type fate struct {
	From sum `json:"from,omitempty"`
	To   sum `json:"to,omitempty"`
}

const indexForm = "i2p index 1\n"

func newIndex() *index {
	x := &index{Files: make(map[string]sum)}
	rand.Read(x.key[:]) // never fails: crypto/rand ends the process instead
	return x
}

// text is what is sealed in sealedName.
func (x *index) text() string { return sealedDirText + hex.EncodeToString(x.key[:]) + "\n" }

// indexOf reads the key from the text in sealedName.
func indexOf(text string) (*index, error) {
	digits, ok := bytes.CutPrefix([]byte(text), []byte(sealedDirText))
	x := &index{}
	if !ok || len(digits) != 2*len(x.key)+1 || digits[len(digits)-1] != '\n' {
		return nil, fmt.Errorf("%w: %s", ErrMalformed, sealedName)
	}
	if _, err := hex.Decode(x.key[:], digits[:len(digits)-1]); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrMalformed, sealedName)
	}
	return x, nil
}

// bytes is the file.
func (x *index) bytes() []byte {
	b, err := json.Marshal(x)
	if err != nil { // there is nothing that cannot be marshalled
		panic("keys: " + err.Error())
	}
	b = append([]byte(indexForm), append(b, '\n')...)
	return fmt.Appendf(b, "%x\n", x.code(b))
}

func (x *index) code(b []byte) []byte {
	mac := hmac.New(sha256.New, x.key[:])
	mac.Write(b)
	return mac.Sum(nil)
}

// read takes the file over.
func (x *index) read(b []byte) error {
	last := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), '\n') + 1
	code, err := hex.DecodeString(string(bytes.TrimSuffix(b[last:], []byte("\n"))))
	body, ok := bytes.CutPrefix(b[:last], []byte(indexForm))
	if err != nil || !ok || !hmac.Equal(code, x.code(b[:last])) {
		return fmt.Errorf("%w: %s", ErrAltered, indexName)
	}
	fresh := &index{key: x.key}
	if err := json.Unmarshal(body, fresh); err != nil {
		return errors.Join(ErrMalformed, err)
	}
	if fresh.Files == nil {
		fresh.Files = make(map[string]sum)
	}
	*x = *fresh
	return nil
}

// plan notes what is about to become of files.
func (x *index) plan(to map[string]sum) {
	x.Next = make(map[string]fate, len(to))
	for file, after := range to {
		x.Next[file] = fate{x.Files[file], after}
	}
}

// settle notes what has become of them.
func (x *index) settle(done bool) {
	for file, t := range x.Next {
		now := t.From
		if done {
			now = t.To
		}
		if now == "" {
			delete(x.Files, file)
		} else {
			x.Files[file] = now
		}
	}
	x.Next = nil
}
