package main

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// errTracker is in the errors of trackers that are not asked. Those of "udp:" are looked up in the system's DNS by all that the
// client has for them.
var errTracker = errors.New("not a tracker in I2P over HTTP")

// announce tells a tracker of the torrent and returns the peers that it knows, by the rules of I2P's trackers
// (https://geti2p.net/en/docs/applications/bittorrent): a peer is a destination, and in compact form its hash of 32 bytes, which
// the client itself would take for IP addresses.
func announce(ctx context.Context, ep *i2psocks.Endpoint, tracker string, client *torrent.Client, t *torrent.Torrent) ([]torrent.PeerInfo, time.Duration, error) {
	u, err := url.Parse(tracker)
	if err != nil || u.Scheme != "http" {
		return nil, 0, errTracker // not the error, which holds the URL: it may have a key of the user
	}
	if _, err := i2phost.Parse(u.Hostname()); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errTracker, err)
	}
	left := int64(1) // unknown, but some
	if t.Info() != nil {
		left = t.BytesMissing()
	}
	id, stats := client.PeerID(), t.Stats()
	query := url.Values{
		"info_hash":  {string(t.InfoHash().Bytes())},
		"peer_id":    {string(id[:])},
		"ip":         {ep.Addr().Destination.Base64() + ".i2p"},
		"port":       {"6881"},
		"uploaded":   {strconv.FormatInt(stats.BytesWrittenData.Int64(), 10)},
		"downloaded": {strconv.FormatInt(stats.BytesReadUsefulData.Int64(), 10)},
		"left":       {strconv.FormatInt(left, 10)},
		"compact":    {"1"},
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query.Encode(), "&")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, errTracker
	}
	resp, err := ep.HTTPClient().Do(r)
	if err != nil {
		return nil, 0, errors.Unwrap(err) // without the URL
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, 0, err
	}
	peers, interval, err := parseAnswer(body)
	own := func(p torrent.PeerInfo) bool { return p.Addr == peerAddr(ep.Addr().Host) }
	return slices.DeleteFunc(peers, own), interval, err
}

// parseAnswer reads what a tracker says. It takes no peer that is not in I2P.
func parseAnswer(body []byte) ([]torrent.PeerInfo, time.Duration, error) {
	var answer struct {
		Failure  string        `bencode:"failure reason"`
		Interval int32         `bencode:"interval"`
		Peers    bencode.Bytes `bencode:"peers"`
	}
	if err := bencode.Unmarshal(body, &answer); err != nil {
		return nil, 0, err
	}
	if answer.Failure != "" {
		return nil, 0, fmt.Errorf("the tracker says %q", answer.Failure)
	}
	var hosts []string
	var compact string
	var dicts []struct {
		IP string `bencode:"ip"`
	}
	switch {
	case len(answer.Peers) == 0:
	case answer.Peers[0] != 'l':
		if err := bencode.Unmarshal(answer.Peers, &compact); err != nil {
			return nil, 0, err
		}
		if len(compact)%32 != 0 {
			return nil, 0, errors.New("the tracker's peers are not of I2P")
		}
		for ; compact != ""; compact = compact[32:] {
			hosts = append(hosts, strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(compact[:32])))+".b32.i2p")
		}
	default:
		if err := bencode.Unmarshal(answer.Peers, &dicts); err != nil {
			return nil, 0, err
		}
		for _, d := range dicts {
			if to, err := keys.ParseDestination(strings.TrimSuffix(d.IP, ".i2p")); err == nil {
				hosts = append(hosts, to.Base32())
			}
		}
	}
	peers := make([]torrent.PeerInfo, 0, len(hosts))
	for _, host := range hosts {
		peers = append(peers, torrent.PeerInfo{Addr: peerAddr(host), Source: torrent.PeerSourceTracker})
	}
	return peers, time.Duration(answer.Interval) * time.Second, nil
}
