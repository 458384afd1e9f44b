global using Smtp.Core;
global using Xunit;
