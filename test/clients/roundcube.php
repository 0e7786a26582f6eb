<?php
// What Roundcube does with its plugin managesieve: reads a set of rules, writes it as a script, stores and activates it.
// usage: php roundcube.php RCUBE_SIEVE PORT PASSWORD CERTIFICATE RULES; JSON of what came of each step on standard output
[, $plugin, $port, $password, $certificate, $rules] = $argv;
require_once 'Net/Sieve.php';
require_once $plugin;
require_once dirname($plugin) . '/rcube_sieve_script.php';

$ssl = ['ssl' => ['cafile' => $certificate, 'peer_name' => 'localhost', 'verify_peer' => true]];
function connect($password, $auth = null) {
  global $port, $ssl;
  return new rcube_sieve('anna', $password, '127.0.0.1', $port, $auth, true, [], false, null, null, $ssl);
}
$told = [];
$sieve = connect($password);
$told['connect'] = $sieve->error();
$told['list'] = $sieve->get_scripts();
$told['new'] = $sieve->save_script('roundcube', '');
$told['load'] = $sieve->load('roundcube');
foreach (json_decode($rules, true) as $rule) $sieve->script->add_rule($rule);
$told['save'] = $sieve->save();
$told['activate'] = $sieve->activate('roundcube');
$told['wrong'] = [$sieve->save_script('roundcube', "keep;\r\nfileinto \"A\";\r\n"), $sieve->error()];

// The page is opened again.
$again = connect($password, 'login');
$told['listed'] = $again->get_scripts();
$told['active'] = $again->get_active();
$again->load($again->get_active());
$told['script'] = $again->get_script('roundcube');
$told['rules'] = $again->script->as_array();
$told['copied'] = [$again->copy('second', 'roundcube'), rtrim($again->get_script('second')) === rtrim($told['script'])];
$told['removed'] = [$again->remove('second'), $again->deactivate(), $again->activate('roundcube')];
$told['unsupported'] = array_values(array_diff($again->script->get_extensions(), $again->get_extensions()));
$told['refused'] = connect('wrong')->error();
echo json_encode($told, JSON_UNESCAPED_SLASHES);
