/**
 * The PowerShell script for the Windows certificate stores. It is constant, and all variable input is JSON on its
 * standard input, so that no input is executed. The answer is JSON in UTF-8 in base64, which no console code page can
 * change.
 * @module
 */
const script = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
function Encode($bytes) { [Convert]::ToBase64String($bytes) }
try {
  $request = [Console]::In.ReadToEnd() | ConvertFrom-Json
  $store = New-Object System.Security.Cryptography.X509Certificates.X509Store($request.store, $request.location)
  $store.Open('ReadOnly, OpenExistingOnly')
  if ($request.action -ne 'list') {
    $found = $store.Certificates.Find('FindByThumbprint', $request.thumbprint, $false)
    if ($found.Count -eq 0) { throw 'the certificate is no longer in the store' }
    $certificate = $found[0]
  }
  if ($request.hash) { $hash = New-Object System.Security.Cryptography.HashAlgorithmName($request.hash) }
  switch ($request.action) {
    'list' {
      $answer = @{ entries = @($store.Certificates | ForEach-Object {
        @{ der = (Encode $_.RawData); thumbprint = $_.Thumbprint; name = $_.FriendlyName; key = $_.HasPrivateKey } }) }
    }
    'export' {
      $chain = New-Object System.Security.Cryptography.X509Certificates.X509Chain
      $chain.ChainPolicy.RevocationMode = 'NoCheck'
      $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds(5)
      [void]$chain.Build($certificate)
      $answer = @{ chain = @($chain.ChainElements | Select-Object -Skip 1 | ForEach-Object { Encode $_.Certificate.RawData }); pfx = '' }
      try { $answer.pfx = Encode ($certificate.Export('Pfx', $request.password)) }
      catch [System.Security.Cryptography.CryptographicException] { }
    }
    'sign' {
      $digest = [Convert]::FromBase64String($request.digest)
      if ($request.scheme -eq 'ecdsa') {
        $key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate)
        $answer = @{ value = (Encode $key.SignHash($digest)) }
      } else {
        $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
        $padding = [System.Security.Cryptography.RSASignaturePadding]::Pkcs1
        if ($request.scheme -eq 'pss') { $padding = [System.Security.Cryptography.RSASignaturePadding]::Pss }
        $answer = @{ value = (Encode $key.SignHash($digest, $hash, $padding)) }
      }
    }
    'decrypt' {
      $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
      $padding = [System.Security.Cryptography.RSAEncryptionPadding]::Pkcs1
      if ($request.scheme -eq 'oaep') { $padding = [System.Security.Cryptography.RSAEncryptionPadding]::CreateOaep($hash) }
      $answer = @{ value = (Encode $key.Decrypt([Convert]::FromBase64String($request.ciphertext), $padding)) }
    }
  }
} catch { $answer = @{ error = $_.Exception.Message } }
[Console]::Out.Write((Encode ([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $answer -Depth 4 -Compress)))))
`;

/** Arguments for PowerShell. */
export const windowsArguments: readonly string[] = [
  '-NoProfile',
  '-NonInteractive',
  '-ExecutionPolicy',
  'Bypass',
  '-EncodedCommand',
  Buffer.from(script, 'utf16le').toString('base64'),
];
