//go:build !linux

package main

import (
	"context"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

func openRouters(context.Context, settings, *report) (*network, error) { return nil, i2pnet.ErrMissing }
