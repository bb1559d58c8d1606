import java.io.InputStream;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.Socket;
import java.net.URI;

/** Prints the page at http://HOST/ through a SOCKS proxy: with a Socket, and with a URLConnection. */
public class Fetch {
	public static void main(String[] args) throws Exception {
		String way = args[0], host = args[3];
		if (args.length > 4) {
			Authenticator.setDefault(new Authenticator() {
				@Override
				protected PasswordAuthentication getPasswordAuthentication() {
					return new PasswordAuthentication(args[4], args[5].toCharArray());
				}
			});
		}
		Proxy proxy = new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(args[1], Integer.parseInt(args[2])));
		if (way.equals("url")) {
			try (InputStream in = URI.create("http://" + host + "/").toURL().openConnection(proxy).getInputStream()) {
				in.transferTo(System.out);
			}
			return;
		}
		try (Socket socket = new Socket(proxy)) {
			socket.connect(InetSocketAddress.createUnresolved(host, 80)); // resolved by the proxy
			socket.getOutputStream().write(("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n").getBytes("US-ASCII"));
			String answer = new String(socket.getInputStream().readAllBytes(), "US-ASCII");
			System.out.print(answer.substring(answer.indexOf("\r\n\r\n") + 4));
		}
	}
}
