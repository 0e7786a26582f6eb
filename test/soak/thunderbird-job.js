// Runs inside Thunderbird: what its windows call when somebody clicks. Each step is called by name, with what the test gives it.
const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
const { NetUtil } = ChromeUtils.importESModule('resource://gre/modules/NetUtil.sys.mjs');
const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 20;

async function until(what, condition) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`waited in vain: ${what}`);
}

const root = () => MailServices.accounts.getAccount('account1').incomingServer.rootFolder;

const folder = (name) => until(`folder ${name}`, () => root().subFolders.find((each) => each.name === name));

/** The message in the folder as it is known now, by its subject. */
const message = async (name, subject) => {
  const where = await folder(name);
  return until(`${subject} in ${name}`, () => [...where.messages].find((each) => each.mime2DecodedSubject === subject));
};

/** Begins something, and waits until it is told that it is done. */
const done = (begin) =>
  new Promise((resolve, reject) => {
    const end = (status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error(`status ${status}`)));
    begin({
      QueryInterface: ChromeUtils.generateQI(['nsIMsgCopyServiceListener', 'nsIUrlListener']),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId: () => null,
      onStopCopy: end,
      onStartRunningUrl() {},
      onStopRunningUrl: (_, status) => end(status),
    });
  });

const copy = async (from, subject, to, isMove) => {
  const [source, target] = [await folder(from), await folder(to)];
  const header = await message(from, subject);
  await done((listener) => MailServices.copy.copyMessages(source, [header], target, isMove, listener, null, false));
};

const steps = {
  /** The password and the server's own certificate, as after somebody has typed the one and accepted the other. */
  async trust(origin, user, password, host, port, pem) {
    const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, origin, user, password, '', '');
    await Services.logins.addLoginAsync(login);
    const certificates = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    const certificate = certificates.constructX509FromBase64(pem.replace(/-----[^-]*-----|\s/g, ''));
    const overrides = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
    overrides.rememberValidityOverride(host, port, {}, certificate, true);
  },

  /** Connects; answers the names of the folders. */
  async connect() {
    // The first connection finds the others.
    (await folder('INBOX')).getNewMessages(null, null);
    await folder('Trash');
    return root().subFolders.map(({ name }) => name);
  },

  /** The source of a message, fetched as when it is shown. */
  async read(name, subject) {
    const header = await message(name, subject);
    const uri = header.folder.getUriForMsg(header);
    const service = MailServices.messageServiceFromURI(uri);
    return new Promise((resolve, reject) => {
      let got = '';
      const listener = {
        QueryInterface: ChromeUtils.generateQI(['nsIStreamListener', 'nsIRequestObserver']),
        onStartRequest() {},
        onDataAvailable: (_, stream, _offset, count) => void (got += NetUtil.readInputStreamToString(stream, count)),
        onStopRequest: (_, status) =>
          Components.isSuccessCode(status) ? resolve(got) : reject(new Error(`status ${status}`)),
      };
      service.streamMessage(uri, listener, null, null, false, '', false);
    });
  },

  async mark(name, subject) {
    const where = await folder(name);
    const header = await message(name, subject);
    where.markMessagesRead([header], true);
    where.markMessagesFlagged([header], true);
    where.addKeywordsToMessages([header], '$label1');
  },

  async create(name) {
    root().createSubfolder(name, null);
    await folder(name);
  },

  copy: (from, subject, to) => copy(from, subject, to, false),
  move: (from, subject, to) => copy(from, subject, to, true),

  /** As with the Delete key: it goes to Trash. */
  async remove(name, subject) {
    const where = await folder(name);
    const header = await message(name, subject);
    await done((listener) => where.deleteMessages([header], null, false, false, listener, false));
  },

  /** What is sent is kept by APPEND. */
  async keep(path, name) {
    const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
    file.initWithPath(path);
    const where = await folder(name);
    const { Read } = Ci.nsMsgMessageFlags;
    await done((listener) => MailServices.copy.copyFileMessage(file, where, null, false, Read, '', listener, null));
  },

  /** Waits for a message without asking for it: IDLE. */
  async hear(name, subject) {
    await message(name, subject);
  },

  /** Waits until Thunderbird knows what another client has done: the message is read, or gone. */
  async notice(name, subject, what) {
    const where = await folder(name);
    await until(`${subject} is ${what}`, () => {
      const header = [...where.messages].find((each) => each.mime2DecodedSubject === subject);
      return what === 'gone' ? header === undefined : header?.isRead;
    });
  },
};

// What the request asks for, with the function that ends it.
const [step, given, finish] = request;
steps[step](...given).then(
  (value) => finish({ value }),
  (error) => finish({ error: `${error}\n${error?.stack}` }),
);
