package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/socks"
)

// tracing makes a span of each SOCKS request, and of what is done for it. Spans say what was asked for and what became of it,
// not by whom or of whom: no client's address, no token, no hash of either, and no host unless names is set. What is sent to peers
// is left alone: a traceparent header in it would follow them from identity to identity.
type tracing struct {
	tracer trace.Tracer
	names  bool // hosts and the texts of errors, which hold them, go into spans
}

// hooks returns what a SOCKS port is to call.
func (t tracing) hooks() *socks.Hooks { return &socks.Hooks{Request: t.request, Done: t.done} }

// request starts the span that is the parent of what follows.
func (t tracing) request(ctx context.Context, r *socks.Request) context.Context {
	ctx, span := t.tracer.Start(ctx, "socks "+commandName(r.Command), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("network.protocol.name", "socks"),
		attribute.String("network.protocol.version", strings.TrimPrefix(r.Version.String(), "SOCKS")),
	))
	if r.Command != socks.Associate { // whose host is the client
		t.name(span, r.Host)
	}
	return ctx
}

func (t tracing) done(ctx context.Context, r socks.Report) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(
		attribute.String("i2psocks.reply", r.Reply.String()),
		attribute.Float64("i2psocks.wait", r.Wait.Seconds()),
		attribute.Int64("i2psocks.sent", r.Sent),
		attribute.Int64("i2psocks.received", r.Received),
	)
	t.end(span, r.Err)
}

// span starts one for a step, and returns what ends it.
func (t tracing) span(ctx context.Context, step, host string) (context.Context, func(*error)) {
	ctx, span := t.tracer.Start(ctx, step, trace.WithSpanKind(trace.SpanKindClient))
	t.name(span, host)
	return ctx, func(err *error) { t.end(span, *err) }
}

func (t tracing) name(span trace.Span, host string) {
	if t.names && host != "" {
		span.SetAttributes(attribute.String("server.address", host))
	}
}

func (t tracing) end(span trace.Span, err error) {
	if err != nil {
		kind := errorKind(err)
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, kind)
		if t.names {
			span.RecordError(err)
		}
	}
	span.End()
}

// errorKind is the reason of an error without what it is about.
func errorKind(err error) string {
	for _, kind := range []error{
		dialer.ErrNotI2P, dialer.ErrNameNotFound, dialer.ErrBadDestination, dialer.ErrLeaseSetNotFound, dialer.ErrPeerUnreachable,
		dialer.ErrRefused, dialer.ErrTimeout, dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrIdentityInUse,
		dialer.ErrSessionClosed, dialer.ErrLimit, context.Canceled, context.DeadlineExceeded, net.ErrClosed, syscall.ECONNRESET, errors.ErrUnsupported,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	if refused, ok := errors.AsType[*socks.ReplyError](err); ok {
		return refused.Reply.String()
	}
	return "other"
}

// commandName keeps clients from making names of spans: there are 256 commands to ask for.
func commandName(c socks.Command) string {
	switch c {
	case socks.Connect, socks.Bind, socks.Associate, socks.Resolve, socks.ResolvePTR:
		return c.String()
	}
	return "other"
}

// backend is a session whose steps are spans, children of the one that the context has.
type backend struct {
	*sam.Session
	tracing
}

func (b backend) Dial(network, address string) (net.Conn, error) {
	return b.DialContext(context.Background(), network, address)
}

func (b backend) DialContext(ctx context.Context, network, address string) (_ net.Conn, err error) {
	host, _, _ := net.SplitHostPort(address)
	ctx, end := b.span(ctx, "dial", host)
	defer end(&err)
	return b.Session.DialContext(ctx, network, address) // the connection itself, which the kernel can splice
}

func (b backend) LookupAddr(ctx context.Context, host string) (_ string, err error) {
	ctx, end := b.span(ctx, "lookup", host)
	defer end(&err)
	return b.Session.LookupAddr(ctx, host)
}

func (b backend) Listen(ctx context.Context, network, address string) (_ net.Listener, err error) {
	ctx, end := b.span(ctx, "listen", "")
	defer end(&err)
	return b.Session.Listen(ctx, network, address)
}

func (b backend) ListenPacket(ctx context.Context, network, address string) (_ net.PacketConn, err error) {
	ctx, end := b.span(ctx, "associate", "")
	defer end(&err)
	return b.Session.ListenPacket(ctx, network, address)
}
