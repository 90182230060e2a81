"""How this program decides whom it speaks to: certificates are always verified, chain and name."""

import ssl
import sys
from pathlib import Path


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those in `ca_file`, TLS 1.2 or later.

    It reads files: call it in a thread. Raises OSError or ValueError when `ca_file` cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust_system(context)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _trust_system(context: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        context.load_default_certs()
        return
    # The places that OpenSSL was built with, not those that SSL_CERT_FILE names: whoever
    # sets a variable for another program must not decide whom a practice's key is sent to.
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    if file.is_file():
        context.load_verify_locations(cafile=file)
    elif any(folder.glob("*.0")):
        context.load_verify_locations(capath=folder)
    else:
        import certifi

        context.load_verify_locations(cafile=certifi.where())
