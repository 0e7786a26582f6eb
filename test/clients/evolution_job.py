"""The whole job with Camel, the mail engine of Evolution: reads, flags, copies, moves, deletes, hears what others do.

usage: evolution_job.py work FOLDER FILE   FILE: the message that was delivered to INBOX; FOLDER: where Camel keeps its copies
       evolution_job.py again FOLDER       a later run on the same copies: what others did meanwhile is caught up with
"""

import os
import sys
import threading

import gi

gi.require_version("Camel", "1.2")
from gi.repository import Camel, Gio, GLib  # noqa: E402

import session  # noqa: E402

PATIENCE_SECONDS = 40
SEEN, FLAGGED, DELETED = Camel.MessageFlags.SEEN, Camel.MessageFlags.FLAGGED, Camel.MessageFlags.DELETED


class Session(Camel.Session):
    __gtype_name__ = "CirrusTestSession"

    def do_authenticate_sync(self, service, mechanism, cancellable):
        service.set_password(os.environ["IMAP_PASSWORD"])
        if service.authenticate_sync(mechanism, cancellable) != Camel.AuthenticationResult.ACCEPTED:
            raise RuntimeError("the login was refused")
        return True

    def do_trust_prompt(self, service, certificate, errors):
        """The server's own certificate, and no other."""
        with open(os.environ["IMAP_CERTIFICATE"]) as file:
            is_ours = certificate.props.certificate_pem.strip() == file.read().strip()
        return Camel.CertTrust.TEMPORARY if is_ours else Camel.CertTrust.NEVER


def connect(camel):
    camel.set_online(True)
    store = camel.add_service("cirrus", "imapx", Camel.ProviderType.STORE)
    settings = store.ref_settings()
    settings.set_property("host", os.environ["IMAP_HOST"])
    settings.set_property("port", int(os.environ["IMAPS_PORT"]))
    settings.set_property("user", os.environ["IMAP_USER"])
    settings.set_property("security-method", Camel.NetworkSecurityMethod.SSL_ON_ALTERNATE_PORT)
    settings.set_property("use-idle", True)
    settings.set_property("use-qresync", True)
    settings.set_property("filter-inbox", False)
    # What is changed is told to the server at once.
    settings.set_property("store-changes-interval", 0)
    store.set_online_sync(True, None)
    store.connect_sync(None)
    # LIST: only then it knows of other folders than INBOX.
    flags = Camel.StoreGetFolderInfoFlags.RECURSIVE | Camel.StoreGetFolderInfoFlags.REFRESH
    store.get_folder_info_sync(None, flags, None)
    return store


def uids(folder):
    folder.refresh_info_sync(None)
    return sorted(folder.get_uids(), key=int)


def content(part):
    """The octets of a part, decoded."""
    stream = Gio.MemoryOutputStream.new_resizable()
    part.get_content().decode_to_output_stream_sync(stream, None)
    stream.close(None)
    return stream.steal_as_bytes().get_data()


def parsed(octets):
    message = Camel.MimeMessage.new()
    message.construct_from_input_stream_sync(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(octets)), None)
    return message


def parts(message):
    multipart = message.get_content()
    return [content(multipart.get_part(i)) for i in range(multipart.get_number())]


def read(inbox, sent):
    [uid] = uids(inbox)
    info = inbox.get_message_info(uid)
    assert info.get_subject() == "for Evolution", info.get_subject()
    assert info.get_flags() & SEEN == 0
    message = inbox.get_message_sync(uid, None)
    assert message.get_message_id() == sent.get_message_id()
    assert parts(message) == parts(sent), parts(message)
    assert "Grüße aus München".encode() in parts(message)[0]
    return uid


def work(store, file):
    inbox = store.get_folder_sync("INBOX", 0, None)
    with open(file, "rb") as octets:
        first = read(inbox, parsed(octets.read()))

    _, second = inbox.append_message_sync(parsed(b"Subject: second\r\n\r\ntext\r\n"), None, None)
    seen = Camel.MessageInfo.new(None)
    seen.set_flags(SEEN, SEEN)
    _, third = inbox.append_message_sync(parsed(b"Subject: third\r\n\r\ntext\r\n"), seen, None)
    _, fourth = inbox.append_message_sync(parsed(b"Subject: fourth\r\n\r\ntext\r\n"), None, None)
    all_four = [first, second, third, fourth]
    assert uids(inbox) == all_four, uids(inbox)
    assert [inbox.get_message_info(uid).get_flags() & SEEN for uid in all_four] == [0, 0, SEEN, 0]

    info = inbox.get_message_info(first)
    info.set_flags(SEEN | FLAGGED, SEEN | FLAGGED)
    info.set_user_flag("Work", True)
    inbox.synchronize_sync(False, None)

    store.create_folder_sync(None, "Evolution", None)
    store.create_folder_sync("Evolution", "Größe", None)
    copies = store.get_folder_sync("Evolution/Größe", 0, None)
    inbox.transfer_messages_to_sync([first, second], copies, False, None)
    assert len(uids(copies)) == 2
    archive = store.get_folder_sync("Archive", 0, None)
    inbox.transfer_messages_to_sync([first], archive, True, None)
    assert uids(inbox) == [second, third, fourth], uids(inbox)
    [moved] = uids(archive)
    info = archive.get_message_info(moved)
    assert info.get_flags() & (SEEN | FLAGGED) == SEEN | FLAGGED, hex(info.get_flags())
    assert info.get_user_flag("Work")

    inbox.get_message_info(fourth).set_flags(DELETED, DELETED)
    inbox.expunge_sync(None)
    assert uids(inbox) == [second, third], uids(inbox)

    store.create_folder_sync(None, "Short", None)
    store.rename_folder_sync("Short", "Shorter", None)
    store.delete_folder_sync("Shorter", None)
    hear(inbox, second, third)


def hear(inbox, going, staying):
    """Another client appends a message, flags one and removes one; nobody asks for it here."""
    loop = GLib.MainLoop()

    def state():
        infos = {uid: inbox.get_message_info(uid) for uid in inbox.get_uids()}
        return sorted((info.get_subject(), bool(info.get_flags() & FLAGGED)) for info in infos.values() if info)

    def changed(_folder, _changes):
        if state() == [("pushed", False), ("third", True)]:
            loop.quit()

    def act():
        with session.open_imaps() as imap:
            imap.append("INBOX", None, None, b"Subject: pushed\r\n\r\ntext\r\n")
            imap.select("INBOX")
            imap.uid("STORE", staying, "+FLAGS", "(\\Flagged)")
            imap.uid("STORE", going, "+FLAGS", "(\\Deleted)")
            imap.expunge()

    inbox.connect("changed", changed)
    other = threading.Thread(target=act)
    GLib.idle_add(lambda: other.start())
    GLib.timeout_add_seconds(PATIENCE_SECONDS, loop.quit)
    loop.run()
    other.join()
    assert state() == [("pushed", False), ("third", True)], state()


def again(store):
    inbox = store.get_folder_sync("INBOX", 0, None)
    # Before it asks, it has what it knew when it went away.
    assert len(inbox.get_uids()) == 2, inbox.get_uids()
    found = {inbox.get_message_info(uid).get_subject(): inbox.get_message_info(uid) for uid in uids(inbox)}
    assert sorted(found) == ["pushed", "while away"], sorted(found)
    assert found["pushed"].get_flags() & (SEEN | FLAGGED) == SEEN


kind, folder = sys.argv[1:3]
Camel.init(folder, True)
Camel.provider_init()
# A store does not keep its session alive.
camel = Session(user_data_dir=f"{folder}/data", user_cache_dir=f"{folder}/cache")
here = connect(camel)
if kind == "work":
    work(here, sys.argv[3])
else:
    again(here)
here.disconnect_sync(True, None)
