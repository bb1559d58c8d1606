package inetdiag

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

// answer writes what the kernel would.
func answer(seq uint32, family byte, local, remote netip.AddrPort, info Info) []byte {
	b := ne.AppendUint32(nil, headerSize+answerSize)
	b = ne.AppendUint16(b, sockDiagByFamily)
	b = ne.AppendUint16(b, 0)
	b = ne.AppendUint32(ne.AppendUint32(b, seq), 99)
	b = append(b, family, byte(info.State), 0, 0)
	if family == unix.AF_INET {
		b = appendSockID(b, local, remote)
	} else {
		id := appendSockID(nil, local, remote)
		l, r := local.Addr().As16(), remote.Addr().As16()
		copy(id[4:], l[:])
		copy(id[20:], r[:])
		b = append(b, id...)
	}
	b = append(b, 0, 0, 0, 0) // until a timer ends
	b = ne.AppendUint32(b, info.Unread)
	b = append(b, 0, 0, 0, 0) // not sent
	return ne.AppendUint32(ne.AppendUint32(b, info.UID), info.Inode)
}

func refusal(seq uint32, errno int32) []byte {
	b := ne.AppendUint32(nil, headerSize+4)
	b = ne.AppendUint16(b, unix.NLMSG_ERROR)
	b = ne.AppendUint16(b, 0)
	b = ne.AppendUint32(ne.AppendUint32(b, seq), 99)
	return ne.AppendUint32(b, uint32(-errno))
}

var (
	four1, four2 = netip.MustParseAddrPort("127.0.0.1:1080"), netip.MustParseAddrPort("127.0.0.1:40000")
	six1, six2   = netip.MustParseAddrPort("[::1]:1080"), netip.MustParseAddrPort("[::1]:40000")
)

func TestParseAnswer(t *testing.T) {
	info := Info{State: FinWait2, UID: 1000, Inode: 77}
	good := answer(5, unix.AF_INET, four1, four2, info)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(four1.Addr().As16()), four1.Port())
	for name, c := range map[string]struct {
		bytes         []byte
		local, remote netip.AddrPort
		err           error
	}{
		"IPv4":                    {good, four1, four2, nil},
		"IPv6":                    {answer(5, unix.AF_INET6, six1, six2, info), six1, six2, nil},
		"IPv4 of a socket of v6":  {answer(5, unix.AF_INET6, four1, four2, info), four1, four2, nil},
		"asked for mapped":        {good, mapped, four2, nil},
		"more behind":             {append(good[:len(good):len(good)], 1, 2, 3, 4), four1, four2, nil},
		"earlier":                 {answer(4, unix.AF_INET, four1, four2, info), four1, four2, errStale},
		"about the other end":     {good, four2, four1, errMalformed},
		"cut":                     {good[:len(good)-1], four1, four2, errMalformed},
		"length of nothing":       {append([]byte{0, 0, 0, 0}, good[4:]...), four1, four2, errMalformed},
		"length beyond":           {append(ne.AppendUint32(nil, 1<<31), good[4:]...), four1, four2, errMalformed},
		"empty":                   {nil, four1, four2, errMalformed},
		"no such socket":          {refusal(5, int32(unix.ENOENT)), four1, four2, unix.ENOENT},
		"acknowledged":            {refusal(5, 0), four1, four2, errMalformed},
		"number of no error":      {refusal(5, -5), four1, four2, errMalformed},
		"error without a number":  {refusal(5, 1)[:headerSize], four1, four2, errMalformed},
		"earlier error":           {refusal(4, int32(unix.ENOENT)), four1, four2, errStale},
		"error of an odd message": {append(ne.AppendUint32(nil, headerSize), refusal(5, 1)[4:]...), four1, four2, errMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseAnswer(c.bytes, 5, c.local, c.remote)
			assert.ErrorIs(t, err, c.err)
			if c.err == nil {
				assert.Equal(t, info, got)
			}
		})
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(answer(5, unix.AF_INET, four1, four2, Info{State: FinWait2, UID: 1000, Inode: 77}))
	f.Add(answer(5, unix.AF_INET6, four1, four2, Info{State: Established}))
	f.Add(answer(4, unix.AF_INET, four1, four2, Info{}))
	f.Add(refusal(5, int32(unix.ENOENT)))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := parseAnswer(b, 5, four1, four2)
		if err != nil {
			assert.Zero(t, info)
			return
		}
		// What is taken for an answer is one: written again it reads the same.
		again, err := parseAnswer(answer(5, unix.AF_INET, four1, four2, info), 5, four1, four2)
		assert.NoError(t, err)
		assert.Equal(t, info, again)
	})
}
