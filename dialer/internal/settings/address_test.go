package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHostPort(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1": "127.0.0.1:1", "[::1]:7656": "[::1]:7656", "localhost:7656": "127.0.0.1:7656",
		"router": "", "router:7656": "", "": "", "127.0.0.1": "", "localhost.:1": "",
	} {
		got, err := HostPort(address, false)
		assert.Equal(t, want, got, address)
		assert.Equal(t, want == "", err != nil, address)
	}
	got, err := HostPort("router:7656", true)
	assert.NoError(t, err)
	assert.Equal(t, "router:7656", got)
	_, err = HostPort("router", true)
	assert.Error(t, err)
	assert.Equal(t, []string{"Address", "Fallbacks[0]", "Fallbacks[1]"}, []string{AddressField(0), AddressField(1), AddressField(2)})
}
