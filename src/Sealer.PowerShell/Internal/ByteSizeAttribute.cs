using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Lets a size be given as a number (4GB) or as text ("4 GiB").</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ByteSizeAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is not string text)
            return inputData;
        try
        {
            return ByteSize.Parse(text);
        }
        catch (FormatException e)
        {
            throw new ArgumentTransformationMetadataException(e.Message, e);
        }
    }
}
