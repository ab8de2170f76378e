using System.Management.Automation;
using System.Security;

namespace Sealer.PowerShell;

/// <summary>
/// Lets a secret be given as a SecureString, as a PSCredential whose password it is, or as a secret of Sealer's own objects.
/// Never as text, which would stand in the history.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : ArgumentTransformationAttribute
{
    /// <summary>The secret of what a user gave; null where that is nothing.</summary>
    public static Secret? Of(object? given) => (given is PSObject wrapped ? wrapped.BaseObject : given) switch
    {
        null => null,
        Secret secret => secret,
        PSCredential credential => credential == PSCredential.Empty ? null : Secret.Of(credential.GetNetworkCredential().Password),
        SecureString secure => Secret.Of(new PSCredential("x", secure).GetNetworkCredential().Password),
        var other => throw new ArgumentTransformationMetadataException(
            $"A {other.GetType().Name} is not taken for a secret. Give a SecureString or a PSCredential; Read-Host and Get-Credential ask for them."),
    };

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if (inputData is null or SecureString || (inputData is PSObject { BaseObject: SecureString }))
            return inputData;
        if (Of(inputData) is not { } secret)
            return null;
        var secure = new SecureString();
        foreach (var c in secret.Reveal())
            secure.AppendChar(c);
        secure.MakeReadOnly();
        return secure;
    }
}
