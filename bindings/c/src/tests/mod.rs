mod abi;
