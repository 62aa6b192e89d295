// SPDX-License-Identifier: Apache-2.0
// Every word of the console. `{name}` is replaced by say().

export const strings = {
  title: 'SkeyM ward console',
  background: 'in the background, alarms late \u00b7 SkeyM ward console',
  brand: 'SkeyM',
  brandPart: 'Ward',
  skip: 'Skip to the content',
  noStore: 'This browser keeps nothing for this page (a private window, or a setting that forbids it), so no keys can be kept. Nothing was sent.',
  notice: 'For demonstration and research. Not a certified patient monitor: never rely on it alone.',
  simulated: 'SIMULATED',
  simulatedLong: 'Simulated patients, made in this page. No server, no real data.',

  tabs: { label: 'Views', ward: 'Ward', security: 'Security' },
  bar: {
    lock: 'Lock', lockTitle: 'Lock this screen and wipe its keys',
    theme: 'Light or dark', dark: 'Dark', light: 'Light', auto: 'Auto',
    soundOn: 'Pause sound', soundPaused: 'Sound paused {time}', soundOff: 'Sound off: click to allow',
    soundTitle: 'Pause the sound of all alarms for two minutes',
    noAlarms: 'No alarms', calls: 'Beds with alarms', zone: 'local time, {zone}', user: '{role} {node}',
  },
  priority: { high: 'High priority', medium: 'Medium priority', low: 'Low priority' },
  mark: { high: '!!!', medium: '!!', low: '!' },

  param: {
    hr: 'HR', pulse: 'Pulse', spo2: 'SpO\u2082', rr: 'RR', temp: 'Temp', sys: 'ABP', dia: 'ABP dia',
    map: 'ABP mean', nsys: 'NBP', ndia: 'NBP dia', nmap: 'NBP mean', bp: 'BP',
  },
  paramLong: {
    hr: 'Heart rate', pulse: 'Pulse rate', spo2: 'Oxygen saturation', rr: 'Respiratory rate',
    temp: 'Temperature', sys: 'Arterial pressure, systolic', dia: 'Arterial pressure, diastolic',
    map: 'Arterial pressure, mean', nsys: 'Cuff pressure, systolic', ndia: 'Cuff pressure, diastolic',
    nmap: 'Cuff pressure, mean', bp: 'Blood pressure',
  },
  none: '--',
  noValue: 'no current value',

  alarm: {
    none: 'No alarm', low: '{param} LOW', high: '{param} HIGH', crisisLow: '{param} EXTREMELY LOW',
    crisisHigh: '{param} EXTREMELY HIGH', asystole: 'ASYSTOLE', apnoea: 'APNOEA', lost: '{param} NO SIGNAL',
    noData: 'NO DATA', desaturation: 'DESATURATION', limit: 'limit {limit}', more: '+{count}',
    acknowledge: 'Acknowledge', acknowledgeShort: 'Ack', acknowledged: 'acknowledged', acknowledgeFor: '{word} the alarms of {bed}',
    latched: 'ended, not acknowledged', spoken: '{priority} alarm, {bed}: {text}', since: 'since {time}',
    ended: 'Alarm ended at {bed}',
  },

  ward: {
    heading: 'Beds', empty: 'No bed is heard yet.',
    emptyWhy: 'Beds appear as soon as their devices send. Asked each second.',
    denied: 'This node may not search observations. Its scopes say so: ask who enrolled it.',
    age: 'Age of the data', aged: '{age} ago', never: 'nothing heard', open: 'Open {bed}',
    unnamed: 'Patient {id}', loading: 'Asking for the ward\u2026',
  },
  trust: {
    sealed: 'Sealed', other: 'Relayed', revoked: 'Revoked', unknown: 'Unproven',
    sealedLong: 'Written by the device itself, under its own credential; so the server has checked.',
    otherLong: 'Written by another node, {writer}, in the name of the device.',
    revokedLong: 'The device\u2019s credential was revoked: what is shown is from before.',
    unknownLong: 'The server does not say which device wrote this.',
  },

  bed: {
    back: 'Ward', waves: 'Waveforms', numerics: 'Values', alarms: 'Alarms', limits: 'Alarm limits', trends: 'Trends',
    speed: '25 mm/s', delay: 'drawn {seconds} s after measuring', gap: 'no signal', waiting: 'waiting for samples',
    noWaves: 'No waveform was heard from this bed.', born: 'born {date}', device: 'Device {device}',
    missing: 'There is no such bed on this ward.', acknowledge: 'Acknowledge all', mean: 'mean {value}',
    low: 'Low', high: 'High', on: 'On', limitsNote: 'Adult limits until changed. Changes are kept in this tab\u2019s '
      + 'memory only: a reload or a lock brings the first ones back.',
    badLimit: 'Low must be below high, both from {least} to {most}.', limitOf: '{param}, {which} limit',
    alarmOf: 'Alarms of {param}', reset: 'Adult limits', changed: 'changed here', off: 'alarm off',
    hours: '{count} h', range: 'Hours of trends', trendLoading: 'Asking for earlier values\u2026',
    trendWhole: 'All values of this time.', trendSampled: 'Earlier values: {count} at the start of every {every}; since '
      + 'this tab was opened: all.', trendRefused: 'Earlier values are not to be had; shown are those since this tab was opened.',
    trendNow: 'now', trendAt: '{param}: {value} {unit} at {time}', trendNone: 'no values',
    calibrate: 'Screen', calibrateLabel: 'Millimetres of a bar of 100 CSS millimetres on this screen',
    ago: '{age} ago',
  },

  security: {
    heading: 'What protects this view', tokens: 'Tokens', spent: 'spent', left: 'left',
    tokensNote: 'Each request takes one token, which is worth nothing after it. The answer brings the next one.',
    lane: 'Chain {lane}', expires: '{time}', login: 'Last login', logins: 'Logins', deadline: 'Next login due in',
    refusedTokens: 'Tokens not taken', lost: 'Answers lost', clock: 'Our clock against the server\u2019s',
    clockValue: '{ms} ms', session: 'Session', nodeName: 'Name', table: '{name}, table', node: 'This node', role: 'Role', scopes: 'May', notAfter: 'Admitted until', state: 'State',
    key: 'Private key', keyNote: 'made in this browser, cannot be exported', locks: 'Locks when idle for',
    minutes: '{count} min', lockLeft: 'locks in {time}',
    wire: 'On the wire', wireEve: 'What an eavesdropper sees', wireClear: 'What it means here',
    wireNote: 'The last request or answer of this tab, as it crosses the network. Shown is also what TLS would hide.',
    pause: 'Hold', resume: 'Go on', out: 'request', in: 'answer', bytes: '{count} bytes', opaque: 'Sealed to the server. '
      + 'There is nothing here to be shown: keys are agreed upon in it.', waiting: 'Nothing has crossed yet.', more: '\u2026 {count} more bytes',
    nodes: 'Devices and people', nodesDenied: 'This role may not see who is enrolled.', nodesFailed: 'The list could not be read.',
    colNode: 'Node', colRole: 'Role', colScopes: 'May', colSeen: 'Last seen', colLogin: 'Last login', colRefused: 'Refused',
    colState: 'State', colAction: 'Action', neverSeen: 'not since the server\u2019s start', active: 'Admitted', revoked: 'Revoked', expired: 'Expired',
    revoke: 'Revoke', revokeOf: 'Revoke {node}', revokeAsk: 'Revoke {node}?', revokeWhat: 'Every credential of {node} so far is '
      + 'refused from its next request on. This cannot be taken back: to let it in again, enrol it anew.',
    revokeYes: 'Revoke', cancel: 'Cancel', revokeDone: '{node} is revoked.', revokeFailed: '{node} was not revoked: {why}', self: 'this screen',
    audit: 'Audit trail', auditDenied: 'This role may not see the audit trail.', auditFailed: 'The audit trail could not be read.',
    auditEmpty: 'Nothing that fits.', filterText: 'Find', filterOutcome: 'Outcome', all: 'All', ok: 'Admitted', refused: 'Refused',
    failed: 'Failed', colTime: 'Time', colWhat: 'What', colWho: 'Who', colDetail: 'Detail', refusedCount: 'Refused attempts in the list',
    okWord: 'ok', refusedWord: 'refused', failedWord: 'failed',
  },

  enrol: {
    heading: 'Enrol this screen', lead: 'This browser becomes a node of the ward. It makes its own key, which never leaves it.',
    code: 'Invitation', codeNote: 'The code that an administrator gave you. It works once.', passphrase: 'New passphrase',
    again: 'The same again', note: 'At least {count} characters. It opens this screen\u2019s keys and is sent nowhere.',
    go: 'Enrol', passkey: 'Enrol with a passkey', working: 'Making a key and asking the server\u2026', differ: 'The two are not the same.',
    short: 'Too short: at least {count} characters.', noCode: 'This is no invitation. Copy the whole link or code.',
    refused: 'The server does not take this invitation: it was used, has expired or was withdrawn. Ask for a new one.',
    impostor: 'The answer did not come from the authority of this invitation. Do not go on; tell an administrator.',
    network: 'The server cannot be reached. The invitation is still good: try again.', clock: 'The clock of this computer is wrong.',
    unsupported: 'This needs https (or a server on this very computer), and a browser with X25519.', failed: 'It did not work: {why}',
    unlockInstead: 'This screen is enrolled already: unlock it',
  },
  unlock: {
    heading: 'Unlock', lead: 'The keys of this screen are sealed.', passphrase: 'Passphrase', go: 'Unlock', passkey: 'Unlock with a passkey',
    working: 'Opening\u2026', wrong: 'That does not open it.', forget: 'Forget this screen', forgetAsk: 'Forget this screen?',
    forgetWhat: 'Its key and credential are deleted here. To come back it needs a new invitation.', forgetYes: 'Forget',
    locked: 'Locked. Keys and patient data were wiped from memory.', idle: 'Locked after {minutes} minutes without input. Keys and patient '
      + 'data were wiped from memory.',
  },

  state: {
    idle: 'Starting', connecting: 'Connecting', live: 'Live', offline: 'Offline', 'server-restarted': 'Server restarted',
    revoked: 'Revoked', expired: 'Expired', locked: 'Locked', clock: 'Clock wrong',
  },
  stateLong: {
    connecting: 'Logging in to the server.',
    slept: 'This computer slept. Logging in again.',
    offline: 'The server cannot be reached. Values grow old and turn to -- by themselves. It is tried again {when}.',
    noNetwork: 'This computer has no network. Values grow old and turn to -- by themselves. It is tried again {when}.',
    impostor: 'Somebody answers who is not the server of this ward. Nothing was told to it. Tell an administrator. It is tried again {when}.',
    busy: 'The server is busy. It is tried again {when}.',
    unsupported: 'This needs https (or a server on this very computer), and a browser with X25519.',
    restarted: 'The server was started anew and no longer knew our tokens. Logged in again; nothing is lost.',
    back: 'Connected again.',
    revoked: 'The authority no longer admits this screen. Its values were taken off. Only a new invitation lets it in again.',
    expired: 'The time for which this screen was admitted is over. Its values were taken off. Only a new invitation lets it in again.',
    whatNow: 'Nothing of a patient is left in this page. When you have a new invitation, open its link in this browser.',
    label: 'Connection',
    clock: 'The server calls this computer\u2019s clock wrong, even after it was corrected. Set it right; it is tried again {when}.',
    feed: 'The server answers, but not with values. It is asked again each second.',
    fault: 'This screen failed at something, and may not show what it should. Reload it; until then watch the bedside monitors.',
    quiet: 'No values have come from the server for {age}. What is shown grows old.',
    late: 'For {age} this tab did not look: the computer slept, its clock was set, or the tab was in the background. Alarms were late by as much.',
    soon: 'soon', inSeconds: 'in {seconds} s', tryNow: 'Try now', again: 'Try again',
  },
  demo: { deteriorate: 'Let bed-4 get worse', recover: 'Let it recover', drop: 'Lose the network', back: 'Network back' },
};

/** @param {string} text @param {Record<string, string | number>} [words] */
export function say(text, words = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in words ? String(words[name]) : whole));
}
