package wire

// MaxHandshake is how many bytes a client may have in flight before its request
// is complete. A message of SOCKS 5 bounds itself; one of SOCKS 4 that is longer is refused.
// It holds a base64 destination as the host of SOCKS 4a.
const MaxHandshake = 1024

// Kind says what a Step asks of the caller.
type Kind byte

const (
	NeedMore Kind = iota // read into Space, then Feed
	Send                 // write Bytes, then call Next
	Verify               // judge the credentials of Request, then call Verified
	Done                 // Request is complete; Rest holds what came behind it
	Fail                 // write Bytes, which may be empty, and close; Err says why
)

// Step is the one thing to do next. Bytes are valid until the next call.
type Step struct {
	Kind  Kind
	Bytes []byte
	Err   error
}

// Request is what a client asks for.
type Request struct {
	Version  byte // Version4 or Version5
	Command  byte
	Addr     Addr
	Username string // the user ID in SOCKS 4
	Password string
}

// Handshake is the server's side up to a complete request. The zero value
// accepts every credential. Reply codes that it chooses itself follow RFC 1928, section 6:
// 07 for an unknown command, 08 for an unknown address type, which also hides the
// command since the message then has no known end, 04 for an empty name, else 01.
type Handshake struct {
	// RequireAuth admits only clients that give credentials, and asks for a
	// verdict on them with the step Verify.
	RequireAuth bool

	state func(*Handshake) Step // nil: nothing read yet
	buf   [MaxHandshake]byte
	n     int // bytes of buf in use
	out   [10]byte
	req   Request
}

// Space returns where to read bytes to. It is never empty after the step NeedMore.
func (h *Handshake) Space() []byte { return h.buf[h.n:] }

// Feed says that n bytes were read into Space.
func (h *Handshake) Feed(n int) { h.n += n }

// Request returns the request; what it holds is complete after Verify (credentials) or Done (all).
func (h *Handshake) Request() *Request { return &h.req }

// Rest returns the bytes behind the request. It aliases the Handshake.
func (h *Handshake) Rest() []byte { return h.buf[:h.n] }

// Next returns the next step. Done and Fail are final.
func (h *Handshake) Next() Step {
	if h.state == nil {
		h.state = (*Handshake).start
	}
	st := h.state(h)
	if st.Kind == NeedMore && h.n == len(h.buf) {
		return h.fail4(ErrTooLong)
	}
	return st
}

// Verified answers the step Verify.
func (h *Handshake) Verified(ok bool) {
	switch {
	case h.req.Version == Version4 && ok:
		h.state = done
	case h.req.Version == Version4:
		h.fail4(ErrAuth)
	case ok:
		h.state = (*Handshake).welcome
	default:
		h.fail(AppendUserPassStatus(h.out[:0], false), ErrAuth)
	}
}

func (h *Handshake) start() Step {
	if h.n == 0 {
		return Step{}
	}
	switch v := h.buf[0]; v {
	case Version4:
		h.state = (*Handshake).request4
	case Version5:
		h.state = (*Handshake).greeting
	case 'G', 'P', 'H', 'D', 'O', 'C', 'T': // GET POST PUT PATCH HEAD DELETE OPTIONS CONNECT TRACE
		return h.fail(nil, ErrHTTP)
	default:
		return h.fail(nil, ErrVersion)
	}
	h.req.Version = h.buf[0]
	return h.state(h)
}

func (h *Handshake) request4() Step {
	cmd, user, a, n, err := ConsumeRequest4(h.Rest())
	if n > h.n {
		return Step{}
	}
	h.drop(n)
	switch {
	case err != nil:
		return h.fail4(err)
	case !knownCommand(cmd):
		return h.fail4(ErrCommand)
	}
	h.req.Command, h.req.Addr, h.req.Username = cmd, a, user
	h.state = done
	if h.RequireAuth {
		h.state = verify
	}
	return h.state(h)
}

func (h *Handshake) greeting() Step {
	methods, n, _ := ConsumeGreeting(h.Rest()) // the version is known to be right
	if n > h.n {
		return Step{}
	}
	m := h.choose(methods)
	h.drop(n)
	b := AppendMethod(h.out[:0], m)
	switch m {
	case MethodRefused:
		return h.fail(b, ErrMethod)
	case MethodUserPass:
		h.state = (*Handshake).userPass
	default:
		h.state = (*Handshake).request5
	}
	return Step{Kind: Send, Bytes: b}
}

// choose prefers credentials: a client that offers both methods would otherwise
// never send them, and its isolation would be off in silence.
func (h *Handshake) choose(offered []byte) byte {
	m := MethodRefused
	for _, o := range offered {
		switch {
		case o == MethodUserPass:
			return o
		case o == MethodNone && !h.RequireAuth:
			m = o
		}
	}
	return m
}

func (h *Handshake) userPass() Step {
	user, pass, n, err := ConsumeUserPass(h.Rest())
	if err != nil {
		return h.fail(AppendUserPassStatus(h.out[:0], false), ErrMalformed)
	}
	if n > h.n {
		return Step{}
	}
	h.drop(n)
	h.req.Username, h.req.Password = user, pass
	h.state = (*Handshake).welcome
	if h.RequireAuth {
		h.state = verify
	}
	return h.state(h)
}

func (h *Handshake) welcome() Step {
	h.state = (*Handshake).request5
	return Step{Kind: Send, Bytes: AppendUserPassStatus(h.out[:0], true)}
}

func (h *Handshake) request5() Step {
	cmd, a, n, err := ConsumeRequest5(h.Rest())
	if err == nil && n > h.n {
		return Step{}
	}
	switch {
	case err == ErrAddrType:
		return h.fail5(RepAddressNotSupported, err)
	case err == ErrEmptyName:
		return h.fail5(RepHostUnreachable, err)
	case err != nil:
		return h.fail5(RepGeneralFailure, err)
	}
	h.drop(n)
	if !knownCommand(cmd) {
		return h.fail5(RepCommandNotSupported, ErrCommand)
	}
	h.req.Command, h.req.Addr = cmd, a
	h.state = done
	return h.state(h)
}

func verify(*Handshake) Step { return Step{Kind: Verify} }

func done(*Handshake) Step { return Step{Kind: Done} }

// drop forgets the first n bytes.
func (h *Handshake) drop(n int) { h.n = copy(h.buf[:], h.buf[n:h.n]) }

func (h *Handshake) fail4(err error) Step {
	return h.fail(AppendReply4(h.out[:0], Rejected4, Addr{}), err)
}

func (h *Handshake) fail5(rep byte, err error) Step {
	b, _ := AppendReply5(h.out[:0], rep, Addr{})
	return h.fail(b, err)
}

func (h *Handshake) fail(b []byte, err error) Step {
	st := Step{Kind: Fail, Bytes: b, Err: err}
	h.state = func(*Handshake) Step { return st }
	return st
}
