package audit

import "strings"

// sshBanner understands the identification of an SSH client (RFC 4253, section 4.2): "SSH-2.0-" and a software
// version, then maybe comments. A version number or a comment, which is often a distribution, tells users apart.
func sshBanner(s *stream, b []byte, final bool) (int, parser) {
	line, n := cutLine(b, final)
	if n == 0 {
		return 0, sshBanner
	}
	s.protocol = "SSH"
	_, software, _ := strings.Cut(strings.TrimPrefix(line, "SSH-"), "-") // behind the version of the protocol
	if strings.ContainsAny(software, " 0123456789") {
		s.found(SSHBanner, s.value(software))
		s.program("SSH", software)
	}
	return n, nil
}
