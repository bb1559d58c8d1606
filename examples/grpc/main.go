// Command grpc asks the health service of a gRPC server in I2P for its status.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: grpc [options] HOST.i2p:PORT")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ep := &i2psocks.Endpoint{SAM: *address}
	defer ep.Close()
	status, err := check(ctx, ep, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc:", err)
		ep.Close()
		os.Exit(1)
	}
	fmt.Println(status)
}

// newClient returns a client of a service in I2P, "host:port". gRPC's default scheme, "dns", asks the system's resolver for the host
// before any dialer is called; "passthrough" leaves it to the dialer. A proxy of the environment would lead past I2P.
func newClient(ep *i2psocks.Endpoint, target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		return ep.DialContext(ctx, "tcp", address)
	}
	options := []grpc.DialOption{
		grpc.WithContextDialer(dial), grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), // which would be asked of DNS, too
		grpc.WithTransportCredentials(insecure.NewCredentials()), // I2P encrypts from end to end, and the address is the key
	}
	return grpc.NewClient("passthrough:///"+target, append(options, more...)...)
}

func check(ctx context.Context, ep *i2psocks.Endpoint, target string) (health.HealthCheckResponse_ServingStatus, error) {
	if err := ep.Up(ctx); err != nil { // gRPC gives up on a connection after 20 s, in which no tunnel is built
		return 0, err
	}
	client, err := newClient(ep, target)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	resp, err := health.NewHealthClient(client).Check(ctx, new(health.HealthCheckRequest), grpc.WaitForReady(true))
	return resp.GetStatus(), err
}
