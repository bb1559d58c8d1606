package socks

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// errPanicked refuses what a function of the host's was to decide.
var errPanicked = &ReplyError{Reply: GeneralFailure, Err: errors.New("socks: a function of the host panicked")}

// contain is deferred around calls of the host's functions: a panic there is logged with its stack and ends one request, not the
// program, as with handlers of net/http. The value is shown if the runtime made it, as any other may hold names.
func (s *Server) contain(what string, err *error) {
	v := recover()
	if v == nil {
		return
	}
	reason := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		reason = e.Error()
	}
	s.log().Error("socks panic", "in", what, "reason", reason, "stack", string(debug.Stack()))
	*err = errPanicked
}
